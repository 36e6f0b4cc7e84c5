// What networks need of others.

/** Containers as far as networks show or refuse them. */
export interface ContainerNames {
  /** Name without its slash; undefined for one that is gone. */
  nameOf(containerId: string): string | undefined;
  /** What persons gave to containers on a network, whether they run or not. */
  givenOn(network: { readonly id: string; readonly name: string }): readonly GivenAddresses[];
}

/** What a container has on a network whenever it runs. */
export interface GivenAddresses {
  readonly containerId: string;
  readonly addresses: readonly string[];
  /** Empty for none. */
  readonly mac: string;
}

export type NetworkEvents = (event: {
  type: 'network';
  action: 'create' | 'destroy' | 'connect' | 'disconnect' | 'prune';
  id: string;
  attributes: Readonly<Record<string, string>>;
}) => void;

// What networks need of others.

/** Containers as far as networks show or refuse them. */
export interface ContainerNames {
  /** Name without its slash; undefined for one that is gone. */
  nameOf(containerId: string): string | undefined;
}

export type NetworkEvents = (event: {
  type: 'network';
  action: 'create' | 'destroy' | 'connect' | 'disconnect' | 'prune';
  id: string;
  attributes: Readonly<Record<string, string>>;
}) => void;

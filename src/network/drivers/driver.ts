// What a network driver decides and does, one object a driver; what its networks are like is in model/traits.ts.
import type { Inside } from '../links/links.ts';
import type { NetworkRecord } from '../model/record.ts';

/** What there is on the host when a network is made. */
export interface HostFacts {
  readonly networks: readonly NetworkRecord[];
  /** A link of that name that is no bridge of ours. */
  readonly linkExists: (name: string) => boolean;
}

/** What a driver adds to a new network. */
export interface Chosen {
  /** Families in which nobody is the gateway. */
  readonly withoutGateway: readonly (4 | 6)[];
  readonly bridge: string;
  readonly foreignBridge: boolean;
}

export interface AttachRequest {
  readonly network: NetworkRecord;
  readonly inside: Inside;
  /** Name of the host's end of a pair. */
  readonly hostLink: string;
}

export interface Driver {
  /** As requests name it. */
  readonly name: string;
  /** Throws Docker's refusals of options that it does not take. */
  choose(network: NetworkRecord, facts: HostFacts): Chosen;
  /** Makes the interface in a container's namespace. */
  attach(namespace: string, request: AttachRequest): void;
}

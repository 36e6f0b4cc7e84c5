// The key-value store that a cluster has for applications, as the API says it.

export interface KeyValueEntry {
  readonly Key: string;
  /** base64 */
  readonly Value: string;
  /** Of its last change: what a compare-and-set names. */
  readonly Revision: number;
  /** It goes when the lease ends. */
  readonly Lease?: string;
}

export interface KeyValueList {
  /** Of the whole store: what a watch goes on from. */
  readonly Revision: number;
  readonly Entries: readonly KeyValueEntry[];
}

export type KeyValueChange =
  | ({ readonly Kind: 'put' } & KeyValueEntry)
  | { readonly Kind: 'delete'; readonly Key: string; readonly Revision: number };

export interface KeyValueChanges {
  /** What the next question is to say it has seen. */
  readonly Revision: number;
  /** The history from where the client was is not there any more: the changes are all that there is now, and what is not among them is gone. */
  readonly Reset: boolean;
  readonly Changes: readonly KeyValueChange[];
}

export interface KeyValueLease {
  readonly ID: string;
  readonly Seconds: number;
}

/** A task of a service that takes connections, as it lies under `services/`. */
export interface RegisteredTask {
  readonly Service: string;
  readonly Task: string;
  readonly Slot?: number;
  readonly Node: string;
  /** Address of the node among the nodes: for ports in mode host. */
  readonly Host: string;
  /** By network, of both families, without prefix. */
  readonly Addresses: Readonly<Record<string, readonly string[]>>;
  readonly Ports: readonly {
    readonly Name?: string;
    readonly Protocol: string;
    readonly Target: number;
    readonly Published?: number;
    readonly Mode: string;
  }[];
}

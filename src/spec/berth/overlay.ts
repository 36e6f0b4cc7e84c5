// A network of several hosts as it was said to this one, whole: who is on it and where, which names and virtual addresses there are.

/** One container on a network, or with `isNode` a node's own place on the ingress network. */
export interface OverlayMember {
  /** Of the task, attachment or node. */
  readonly id: string;
  readonly node: string;
  /** Address of the node among the nodes. */
  readonly host: string;
  /** Without prefix. */
  readonly address: string;
  /** Where the network has IPv6. */
  readonly address6?: string;
  /** What it alone is called: container name, short id. */
  readonly names: readonly string[];
  /** Names that it shares with others: aliases of containers that are no tasks. */
  readonly service?: string;
  readonly isNode?: true;
  /** It takes new connections. */
  readonly ready: boolean;
}

export interface OverlayService {
  readonly id: string;
  /** Its name and the aliases that it has on this network. */
  readonly names: readonly string[];
  /** undefined: its names are answered with the addresses of its tasks. */
  readonly address?: string;
  readonly address6?: string;
  /** Of the ingress network: what leads to its tasks on every node. */
  readonly ports: readonly {
    readonly protocol: 'tcp' | 'udp' | 'sctp';
    readonly published: number;
    readonly target: number;
  }[];
  /** Ports of its tasks that have names. */
  readonly named?: readonly {
    readonly name: string;
    readonly protocol: 'tcp' | 'udp' | 'sctp';
    readonly port: number;
  }[];
}

export interface OverlayState {
  readonly id: string;
  readonly name: string;
  /** RFC 3339. */
  readonly created: string;
  readonly vni: number;
  /** UDP port of VXLAN. */
  readonly port: number;
  readonly subnet: string;
  readonly gateway: string;
  /** Subnets besides, of either family. */
  readonly others?: readonly { readonly subnet: string; readonly gateway: string }[];
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly ingress: boolean;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Something of this node is on it; otherwise the node only knows that containers may join it. */
  readonly active: boolean;
  readonly members: readonly OverlayMember[];
  readonly services: readonly OverlayService[];
}

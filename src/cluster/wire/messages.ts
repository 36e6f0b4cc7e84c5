// What nodes and managers say to each other: one JSON line a message, over TLS.
import type { ErrorKind } from '../../base/errors.ts';
import type { OverlayState } from '../../spec/berth/index.ts';
import type { KeyValueRequest } from '../kv/request.ts';
import type { NodeDescription, NodeRole, PortConfig, TaskSpec, TaskState, TaskStatus } from '../model/objects.ts';

/** A task as its node needs it. */
export interface Assignment {
  readonly id: string;
  readonly service: string;
  readonly serviceName: string;
  readonly serviceLabels: Readonly<Record<string, string>>;
  readonly slot?: number;
  readonly desired: TaskState;
  /** It has ended already; its container is only kept for its logs. */
  readonly ended: boolean;
  readonly spec: TaskSpec;
  readonly ports: readonly PortConfig[];
  /** It stops where no manager was heard of in time. */
  readonly fence?: true;
  /** Its load is measured. */
  readonly measure?: true;
  /** It may use keys and values of the cluster. */
  readonly kv?: true;
  /** Networks of the cluster that it is on, each with its address there. */
  readonly networks: readonly {
    readonly id: string;
    readonly address: string;
    readonly address6?: string;
    readonly ingress: boolean;
  }[];
}

/** Shares of what the node has, 0 to 1. */
export interface NodeLoad {
  readonly cpu: number;
  readonly memory: number;
  /** Share of time in which something waited for a processor; absent where the kernel does not say. */
  readonly pressure?: number;
}

/** What a task used since the last time: processors on average, bytes now. */
export type Usage = readonly [task: string, cpus: number, bytes: number];

/** Contents by id, base64: secrets, configs and credentials for registries that tasks of this node use. */
export type Files = Readonly<Record<string, string>>;

/** From a node. */
export type NodeMessage =
  | {
      readonly type: 'join';
      readonly token: string;
      readonly publicKey: string;
      readonly address: string;
      /** What its own end of the connection is to it. */
      readonly local?: string;
      readonly availability: 'active' | 'pause' | 'drain';
      readonly description: NodeDescription;
    }
  | { readonly type: 'session'; readonly description: NodeDescription; readonly address: string }
  | { readonly type: 'heartbeat'; readonly beat: number; readonly load?: NodeLoad; readonly usage?: readonly Usage[] }
  | { readonly type: 'status'; readonly task: string; readonly service: string; readonly status: TaskStatus }
  | { readonly type: 'renew'; readonly publicKey: string }
  /** A manager to be asks for its place in etcd. */
  | { readonly type: 'member'; readonly peer: string }
  | { readonly type: 'promote'; readonly member: string }
  | { readonly type: 'leave' }
  /** Networks are so here as that message said, for names and virtual addresses of every container. */
  | { readonly type: 'networks'; readonly sequence: number }
  /** A container that is no task asks for a place on a network, and leaves all of them. */
  | {
      readonly type: 'attach';
      readonly id: number;
      readonly network: string;
      readonly container: string;
      readonly name: string;
      readonly aliases: readonly string[];
      readonly address: string;
      readonly address6?: string;
    }
  | { readonly type: 'detach'; readonly container: string /** Of this one alone. */; readonly network?: string }
  /** A task asks about keys and values. */
  | { readonly type: 'kv'; readonly id: number; readonly task: string; readonly request: KeyValueRequest }
  /** It waits for the answer no longer; a watch is answered with what there is. */
  | { readonly type: 'kv-cancel'; readonly id: number }
  /** Containers that have such a place, all of them: at the beginning of a session. */
  | { readonly type: 'attached'; readonly containers: readonly string[] }
  /** From a manager to the leader, who has the sessions. */
  | { readonly type: 'task-logs'; readonly node: string; readonly task: string; readonly options: LogsOptions }
  | { readonly type: 'ask'; readonly question: Question }
  /** From now on this connection carries the API of the node, for the manager that asked for it. */
  | { readonly type: 'tunnel'; readonly token: string }
  | { readonly type: 'log'; readonly id: number; readonly lines: readonly LogLine[] }
  | { readonly type: 'log-end'; readonly id: number };

/** What only the leader has: sessions, measured loads of nodes, and series of services. */
export type Question =
  | { readonly about: 'loads' }
  | { readonly about: 'autoscale'; readonly service: string }
  /** A node is to open a tunnel to the manager at this address. */
  | { readonly about: 'tunnel'; readonly node: string; readonly address: string; readonly token: string };

export interface LogsOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly follow: boolean;
  readonly tail?: number;
  /** Nanoseconds since 1970, as text. */
  readonly since?: string;
  readonly until?: string;
}

export interface LogLine {
  readonly channel: 'stdout' | 'stderr';
  readonly time: string;
  /** base64 */
  readonly data: string;
}

/** From a manager. */
export type ManagerMessage =
  | {
      readonly type: 'joined';
      readonly node: string;
      readonly cluster: string;
      readonly role: NodeRole;
      readonly certificate: string;
      readonly managers: readonly string[];
    }
  | { readonly type: 'error'; readonly message: string }
  /** The leader is there; empty when there is none for now. */
  | { readonly type: 'redirect'; readonly address: string }
  | {
      readonly type: 'session';
      readonly heartbeatMs: number;
      readonly role: NodeRole;
      readonly managers: readonly string[];
    }
  | { readonly type: 'assignments'; readonly tasks: readonly Assignment[]; readonly files: Files }
  | {
      readonly type: 'changes';
      readonly set: readonly Assignment[];
      readonly gone: readonly string[];
      readonly files: Files;
    }
  /** This heartbeat was heard by a leader that surely leads. */
  | { readonly type: 'beat'; readonly beat: number }
  /** Networks that concern this node, each whole; with `whole` there are no others. Comes before tasks that are on them. */
  | {
      readonly type: 'networks';
      readonly sequence: number;
      readonly whole: boolean;
      readonly set: readonly OverlayState[];
      readonly gone: readonly string[];
    }
  | {
      readonly type: 'attached';
      readonly id: number;
      readonly address: string;
      readonly address6?: string;
      readonly error: string;
    }
  | {
      readonly type: 'kv';
      readonly id: number;
      readonly answer?: unknown;
      readonly error?: { readonly kind: ErrorKind; readonly message: string };
    }
  | { readonly type: 'tunnel'; readonly address: string; readonly token: string }
  | { readonly type: 'certificate'; readonly certificate: string; readonly role: NodeRole }
  | {
      readonly type: 'member';
      readonly member: string;
      readonly members: readonly string[];
      readonly sealKey: string;
      /** Where managers are locked. */
      readonly unlockKey?: string;
    }
  | { readonly type: 'promoted' }
  | { readonly type: 'answer'; readonly answer: unknown }
  | { readonly type: 'left' }
  | { readonly type: 'removed' }
  | { readonly type: 'logs'; readonly id: number; readonly task: string; readonly options: LogsOptions }
  | { readonly type: 'logs-stop'; readonly id: number }
  | { readonly type: 'log'; readonly id: number; readonly lines: readonly LogLine[] }
  | { readonly type: 'log-end'; readonly id: number };

// What a cluster needs of the machine that it runs on: containers for its tasks, and facts about the machine.
import type { Duplex } from 'node:stream';
import type { PullCredentials } from '../security/pull-auth.ts';
import type { NodeDescription } from '../model/objects.ts';
import type { LogLine, LogsOptions, NodeLoad } from '../wire/messages.ts';
import type { OverlayState } from '../../spec/berth/index.ts';

export interface ContainerView {
  readonly id: string;
  /** Of the label com.docker.swarm.task.id. */
  readonly task: string;
  readonly running: boolean;
  /** It has run, or failed to: not merely created. */
  readonly started: boolean;
  readonly pid: number;
  readonly exitCode: number;
  /** Why the start failed. */
  readonly error: string;
  readonly health: 'none' | 'starting' | 'healthy' | 'unhealthy';
  readonly hasHealthCheck: boolean;
}

export interface TaskContainers {
  /** Every container that is a task's, whatever its state. */
  list(): Promise<ContainerView[]>;
  view(id: string): Promise<ContainerView | undefined>;
  hasImage(reference: string): boolean;
  pull(reference: string, signal: AbortSignal, credentials: PullCredentials): Promise<void>;
  create(name: string, body: object): Promise<string>;
  start(id: string): Promise<void>;
  stop(id: string, signal: string, seconds: number | undefined): Promise<void>;
  kill(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  logs(id: string, options: LogsOptions, signal: AbortSignal): AsyncIterable<readonly LogLine[]>;
  /** Processor time so far in nanoseconds, memory now in bytes; undefined when it does not run. */
  usage(id: string): Promise<{ readonly cpuNanos: number; readonly bytes: number } | undefined>;
  /** Something happened to this container; ends with the signal. */
  changes(signal: AbortSignal): AsyncIterable<string>;
}

export interface JoinOptions {
  readonly network: string;
  readonly container: string;
  readonly name: string;
  readonly aliases: readonly string[];
  /** Empty for any. */
  readonly address: string;
  readonly address6: string;
}

/** With their prefixes. */
export interface JoinedAt {
  readonly address: string;
  readonly address6?: string;
}

/** Gives containers that are no tasks a place on a network of the cluster. */
export interface Joiner {
  /** Throws in Swarm's words. */
  join(options: JoinOptions): Promise<JoinedAt>;
  /** Of one network, or of all that it has places on. */
  leave(container: string, network?: string): void;
}

/** Networks of the cluster on this machine. */
export interface TaskNetworks {
  /** All that concern this node, and no others: known at once, and so on the host when it resolves. */
  apply(node: string, states: readonly OverlayState[]): Promise<void>;
  setJoiner(joiner: Joiner | undefined): void;
  /** Containers that have a place by `join`. */
  joined(): string[];
}

export interface Machine {
  describe(): NodeDescription;
  /** Since it was asked last; undefined the first time. */
  load(): NodeLoad | undefined;
  /** A file system in memory, for secrets; removed with `removeFiles`. Gives the directory. */
  memoryFiles(task: string): Promise<string>;
  removeFiles(task: string): Promise<void>;
  /** Addresses of this machine, without loopback. */
  addresses(): readonly { readonly device: string; readonly address: string }[];
  /** Blocks that it reaches without its way out: `10.0.0.0/24`. */
  blocks(): readonly string[];
  etcd(): string | undefined;
  /** Serves the API of this machine on a connection. */
  serve(connection: Duplex): void;
}

// What the core of the cluster decides about, cut to what the decisions need. Times are milliseconds since 1970, durations milliseconds. Pure.
import type { TaskState } from './states.ts';

export type { TaskState };

/** What a task is asked to be. `ready`: prepared, and not started yet. */
export type DesiredState = 'ready' | 'running' | 'complete' | 'shutdown' | 'remove';

export interface Task {
  readonly id: string;
  readonly serviceId: string;
  /** Absent for tasks of global services: their node is their slot. */
  readonly slot?: number | undefined;
  readonly nodeId?: string | undefined;
  readonly desired: DesiredState;
  readonly state: TaskState;
  /** Of the template that it was made from. */
  readonly revision: string;
  readonly createdAt: number;
  /** When the state was last changed. */
  readonly stateAt: number;
  /** When it first ran, healthy where there is a health check. */
  readonly runningAt?: number | undefined;
  /** It is not started before: a restart waits out its delay. */
  readonly notBefore?: number | undefined;
  /** The task that it takes the place of. */
  readonly replaces?: string | undefined;
  /** How many restarts without a long run led to it. */
  readonly attempt?: number | undefined;
  /** Of jobs: the run that it belongs to. */
  readonly iteration?: number | undefined;
  readonly error?: string | undefined;
  /** What it takes of its node. */
  readonly needs?: Needs | undefined;
  readonly priority?: number | undefined;
}

/** What one task reserves. */
export interface Needs {
  readonly nanoCpus?: number | undefined;
  readonly memoryBytes?: number | undefined;
  /** Amounts by kind; of named resources any so many. */
  readonly generic?: Readonly<Record<string, number>> | undefined;
  /** Published on the node itself, as `80/tcp`. */
  readonly hostPorts?: readonly string[] | undefined;
}

export interface Platform {
  readonly os?: string | undefined;
  readonly arch?: string | undefined;
}

export type NodeState = 'unknown' | 'down' | 'ready' | 'disconnected';

export interface Node {
  readonly id: string;
  readonly hostname: string;
  readonly state: NodeState;
  readonly availability: 'active' | 'pause' | 'drain';
  readonly role?: 'worker' | 'manager' | undefined;
  readonly address?: string | undefined;
  readonly platform?: Platform | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly engineLabels?: Readonly<Record<string, string>> | undefined;
  readonly resources?: Needs | undefined;
  /** Drivers as `Volume/nfs`, `Network/overlay`, `Log/journald`. */
  readonly plugins?: readonly string[] | undefined;
  /** Images that are there, by reference or digest. */
  readonly images?: ReadonlySet<string> | undefined;
  readonly load?: Load | undefined;
  /** When it was found down. */
  readonly downAt?: number | undefined;
  /** From then on a fenced task of a node that is down has surely stopped. */
  readonly fencedAt?: number | undefined;
}

/** As measured by the node; shares of what it has, 0 to 1. */
export interface Load {
  readonly cpu: number;
  readonly memory: number;
  /** Pressure stall share. */
  readonly pressure?: number | undefined;
}

export type Strategy = 'spread' | 'least-busy' | 'binpack' | 'in-turn' | 'random';

export interface Placement {
  /** As Swarm writes them: `node.labels.zone==a`. */
  readonly constraints?: readonly string[] | undefined;
  /** Spread over the values of these labels, the first one first. */
  readonly preferences?: readonly string[] | undefined;
  /** 0: no bound. */
  readonly maxPerNode?: number | undefined;
  readonly platforms?: readonly Platform[] | undefined;
  readonly plugins?: readonly string[] | undefined;
  readonly strategy?: Strategy | undefined;
}

export type Mode =
  | { readonly kind: 'replicated'; readonly replicas: number }
  | { readonly kind: 'global' }
  | { readonly kind: 'replicated-job'; readonly maxConcurrent: number; readonly totalCompletions: number }
  | { readonly kind: 'global-job' };

export interface RestartPolicy {
  readonly condition: 'none' | 'on-failure' | 'any';
  readonly delay: number;
  /** 0: without an end. */
  readonly maxAttempts: number;
  /** Within which attempts are counted; 0: for ever. */
  readonly window: number;
  /** false: always the same delay, as Swarm has it. */
  readonly backoff?: boolean | undefined;
}

export interface TrafficPolicy {
  /** So much more of the new tasks' requests may fail than of the old ones'. */
  readonly margin: number;
  /** Before so many requests nothing is concluded. */
  readonly minRequests: number;
}

export interface RolloutPolicy {
  /** 0: all at once. */
  readonly parallelism: number;
  readonly delay: number;
  readonly order: 'stop-first' | 'start-first';
  readonly monitor: number;
  readonly failureAction: 'pause' | 'continue' | 'rollback';
  readonly maxFailureRatio: number;
  /** A new task that does not run by then counts as failed; absent: it is waited for without an end. */
  readonly deadline?: number | undefined;
  readonly traffic?: TrafficPolicy | undefined;
}

export type UpdateState =
  | 'updating'
  | 'paused'
  | 'completed'
  | 'rollback_started'
  | 'rollback_paused'
  | 'rollback_completed';

export interface UpdateStatus {
  readonly state: UpdateState;
  readonly startedAt: number;
  readonly completedAt?: number | undefined;
  readonly message: string;
}

export interface CronSchedule {
  /** Five or six fields, or `@daily` and the like. */
  readonly expression: string;
  /** IANA name; UTC without. */
  readonly timezone?: string | undefined;
  /** When the last run still goes on: skip the new one, let both run, or end the old one. */
  readonly overlap?: 'skip' | 'allow' | 'replace' | undefined;
  /** A run that is later than this is skipped; absent: the last one missed is made up for. */
  readonly startingDeadline?: number | undefined;
}

export interface Service {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly mode: Mode;
  /**
   * Of the task template without its placement: two equal templates have one revision, so that a rollback finds the tasks that were never
   * changed up to date.
   */
  readonly revision: string;
  /** Of the specification that a rollback goes back to. */
  readonly previousRevision?: string | undefined;
  readonly placement: Placement;
  readonly needs?: Needs | undefined;
  readonly image?: string | undefined;
  readonly restart: RestartPolicy;
  readonly update: RolloutPolicy;
  readonly rollback: RolloutPolicy;
  readonly updateStatus?: UpdateStatus | undefined;
  /** More comes first. */
  readonly priority?: number | undefined;
  /** So many replicas may be missing by our own doing: drain, preemption, rebalance. Absent: drains do not wait. */
  readonly maxUnavailable?: number | undefined;
  /** Never twice: what takes the place of a task on a lost node waits until that node has fenced it. */
  readonly fence?: boolean | undefined;
  readonly job?: { readonly iteration: number; readonly lastExecution?: number | undefined } | undefined;
  readonly schedule?: CronSchedule | undefined;
}

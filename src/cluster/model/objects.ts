// The objects of a cluster as the Swarm API has them, and the keys under which the store keeps them.
import { rank, TASK_STATES, type TaskState } from '../core/model/states.ts';
import type { Attachment, ClusterNetwork, NetworkAddress } from './network.ts';

/** Written into every object; one that is newer than the reader is refused, not guessed at. */
export const SCHEMA = 1;

export type { TaskState };

/** Its place in the order of states, in which a task goes only forwards. */
export const stateOrder = rank;

export function isTaskState(text: string): text is TaskState {
  return (TASK_STATES as readonly string[]).includes(text);
}

/** It has ended, whatever way. */
export function isTerminal(state: TaskState): boolean {
  return stateOrder(state) > stateOrder('running');
}

export type Labels = Readonly<Record<string, string>>;
/** Nanoseconds, as durations are in the API. */
export type Nanos = number;

/** What the store adds on reading: creation and change of the object. */
export interface Meta {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  /** RFC 3339. */
  readonly CreatedAt: string;
  readonly UpdatedAt: string;
}

export interface ClusterSpec {
  readonly Name: string;
  readonly Labels: Labels;
  readonly Orchestration: { readonly TaskHistoryRetentionLimit: number };
  readonly Raft: {
    readonly SnapshotInterval: number;
    readonly KeepOldSnapshots: number;
    readonly LogEntriesForSlowFollowers: number;
    readonly ElectionTick: number;
    readonly HeartbeatTick: number;
  };
  readonly Dispatcher: { readonly HeartbeatPeriod: Nanos };
  readonly CAConfig: { readonly NodeCertExpiry: Nanos };
  readonly TaskDefaults: Readonly<Record<string, never>>;
  readonly EncryptionConfig: { readonly AutoLockManagers: boolean };
}

export interface Cluster extends Meta {
  readonly Spec: ClusterSpec;
  readonly JoinTokens: { readonly Worker: string; readonly Manager: string };
  readonly RootCA: { readonly certificate: string /** Sealed by the cluster's key. */; readonly sealedKey: string };
  /** What managers lock their keys on disk with, sealed by the cluster's key; of clusters with locked managers. */
  readonly UnlockKey?: string | undefined;
  readonly DefaultAddrPool: readonly string[];
  readonly SubnetSize: number;
  readonly DataPathPort: number;
}

export type NodeRole = 'worker' | 'manager';
export type Availability = 'active' | 'pause' | 'drain';
export type NodeState = 'unknown' | 'down' | 'ready' | 'disconnected';

export interface NodeSpec {
  readonly Name?: string;
  readonly Labels?: Labels;
  readonly Role: NodeRole;
  readonly Availability: Availability;
}

export interface NodeResources {
  readonly NanoCPUs: number;
  readonly MemoryBytes: number;
}

export interface NodeDescription {
  readonly Hostname: string;
  readonly Platform: { readonly Architecture: string; readonly OS: string };
  readonly Resources: NodeResources;
  readonly Engine: { readonly EngineVersion: string; readonly Labels?: Labels };
  readonly TLSInfo?: {
    readonly TrustRoot: string;
    readonly CertIssuerSubject: string;
    readonly CertIssuerPublicKey: string;
  };
}

export interface ClusterNode extends Meta {
  readonly Spec: NodeSpec;
  readonly Description: NodeDescription;
  readonly Status: {
    readonly State: NodeState;
    readonly Message?: string;
    readonly Addr: string;
    /** When the state was last changed; RFC 3339. */
    readonly Since?: string;
  };
  /** Of managers only. `member` is its number in etcd, `peer` its address there. */
  readonly ManagerStatus?: { readonly Addr: string; readonly member: string; readonly peer: string } | undefined;
  /** The node's own address on the ingress network, by which it leads published ports to tasks. */
  readonly IngressAddr?: NetworkAddress | undefined;
}

export interface Mount {
  readonly Type?: string;
  readonly Source?: string;
  readonly Target: string;
  readonly ReadOnly?: boolean;
  readonly [option: string]: unknown;
}

export interface FileTarget {
  readonly Name: string;
  readonly UID: string;
  readonly GID: string;
  readonly Mode: number;
}

export interface SecretReference {
  readonly File?: FileTarget;
  readonly SecretID: string;
  readonly SecretName: string;
}

export interface ConfigReference {
  readonly File?: FileTarget;
  readonly ConfigID: string;
  readonly ConfigName: string;
}

export interface HealthConfig {
  readonly Test?: readonly string[];
  readonly Interval?: Nanos;
  readonly Timeout?: Nanos;
  readonly Retries?: number;
  readonly StartPeriod?: Nanos;
  readonly StartInterval?: Nanos;
}

export interface ContainerSpec {
  readonly Image: string;
  readonly Labels?: Labels;
  readonly Command?: readonly string[];
  readonly Args?: readonly string[];
  readonly Hostname?: string;
  readonly Env?: readonly string[];
  readonly Dir?: string;
  readonly User?: string;
  readonly Groups?: readonly string[];
  readonly TTY?: boolean;
  readonly OpenStdin?: boolean;
  readonly ReadOnly?: boolean;
  readonly Mounts?: readonly Mount[];
  readonly StopSignal?: string;
  readonly StopGracePeriod?: Nanos;
  readonly Healthcheck?: HealthConfig;
  readonly Hosts?: readonly string[];
  readonly DNSConfig?: {
    readonly Nameservers?: readonly string[];
    readonly Search?: readonly string[];
    readonly Options?: readonly string[];
  };
  readonly Secrets?: readonly SecretReference[];
  readonly Configs?: readonly ConfigReference[];
  readonly Init?: boolean;
  readonly Sysctls?: Labels;
  readonly CapabilityAdd?: readonly string[];
  readonly CapabilityDrop?: readonly string[];
  readonly Ulimits?: readonly { readonly Name: string; readonly Hard: number; readonly Soft: number }[];
  readonly OomScoreAdj?: number;
  readonly Isolation?: string;
  readonly Privileges?: { readonly NoNewPrivileges?: boolean; readonly [other: string]: unknown };
  readonly [other: string]: unknown;
}

export type RestartCondition = 'none' | 'on-failure' | 'any';

export interface RestartPolicy {
  readonly Condition?: RestartCondition;
  readonly Delay?: Nanos;
  /** 0: without an end. */
  readonly MaxAttempts?: number;
  /** Within which attempts are counted; 0: for ever. */
  readonly Window?: Nanos;
}

export interface Platform {
  readonly Architecture?: string;
  readonly OS?: string;
}

export interface Placement {
  readonly Constraints?: readonly string[];
  readonly Preferences?: readonly { readonly Spread?: { readonly SpreadDescriptor: string } }[];
  /** 0: without a bound. */
  readonly MaxReplicas?: number;
  readonly Platforms?: readonly Platform[];
}

export interface TaskSpec {
  readonly ContainerSpec?: ContainerSpec;
  readonly Resources?: {
    readonly Limits?: { readonly NanoCPUs?: number; readonly MemoryBytes?: number; readonly Pids?: number };
    readonly Reservations?: {
      readonly NanoCPUs?: number;
      readonly MemoryBytes?: number;
      readonly GenericResources?: readonly unknown[];
    };
  };
  readonly RestartPolicy?: RestartPolicy;
  readonly Placement?: Placement;
  /** One more asks for new tasks though nothing else changed. */
  readonly ForceUpdate?: number;
  readonly Runtime?: string;
  readonly Networks?: readonly { readonly Target: string; readonly Aliases?: readonly string[] }[];
  readonly LogDriver?: { readonly Name?: string; readonly Options?: Labels };
  readonly [other: string]: unknown;
}

export type FailureAction = 'pause' | 'continue' | 'rollback';

export interface UpdateConfig {
  /** 0: all at once. */
  readonly Parallelism: number;
  readonly Delay?: Nanos;
  readonly FailureAction?: FailureAction;
  readonly Monitor?: Nanos;
  readonly MaxFailureRatio?: number;
  readonly Order?: 'stop-first' | 'start-first';
}

export interface ServiceMode {
  readonly Replicated?: { readonly Replicas?: number };
  readonly Global?: Readonly<Record<string, never>>;
  readonly ReplicatedJob?: { readonly MaxConcurrent?: number; readonly TotalCompletions?: number };
  readonly GlobalJob?: Readonly<Record<string, never>>;
}

export interface PortConfig {
  readonly Name?: string;
  readonly Protocol?: 'tcp' | 'udp' | 'sctp';
  readonly TargetPort: number;
  readonly PublishedPort?: number;
  readonly PublishMode?: 'ingress' | 'host';
}

export interface ServiceSpec {
  readonly Name: string;
  readonly Labels?: Labels;
  readonly TaskTemplate: TaskSpec;
  readonly Mode: ServiceMode;
  readonly UpdateConfig?: UpdateConfig;
  readonly RollbackConfig?: UpdateConfig;
  readonly Networks?: TaskSpec['Networks'];
  readonly EndpointSpec?: { readonly Mode?: 'vip' | 'dnsrr'; readonly Ports?: readonly PortConfig[] };
}

export type UpdateState =
  | 'updating'
  | 'paused'
  | 'completed'
  | 'rollback_started'
  | 'rollback_paused'
  | 'rollback_completed';

export interface UpdateStatus {
  readonly State: UpdateState;
  readonly StartedAt?: string;
  readonly CompletedAt?: string;
  readonly Message: string;
}

export interface Service extends Meta {
  readonly Spec: ServiceSpec;
  readonly PreviousSpec?: ServiceSpec | undefined;
  /** What its image's registry is shown by the nodes, sealed; and that of the previous specification. */
  readonly PullAuth?: string | undefined;
  readonly PreviousPullAuth?: string | undefined;
  readonly UpdateStatus?: UpdateStatus | undefined;
  readonly Endpoint: {
    readonly Spec: ServiceSpec['EndpointSpec'];
    readonly Ports?: readonly PortConfig[];
    readonly VirtualIPs?: readonly NetworkAddress[];
  };
  /** Of jobs: the run that is wanted, and when the last one began. */
  readonly JobStatus?: { readonly JobIteration: { readonly Index: number }; readonly LastExecution?: string };
  /** Counts the changes that ask for new tasks; a task carries the one that it was made for. */
  readonly SpecVersion: { readonly Index: number };
}

export interface TaskStatus {
  readonly Timestamp: string;
  readonly State: TaskState;
  readonly Message?: string;
  readonly Err?: string;
  readonly ContainerStatus?: { readonly ContainerID: string; readonly PID: number; readonly ExitCode: number };
  readonly PortStatus?: { readonly Ports?: readonly PortConfig[] };
}

export interface Task extends Meta {
  readonly ServiceID: string;
  /** From 1; absent for tasks of global services. */
  readonly Slot?: number;
  readonly NodeID?: string;
  readonly Spec: TaskSpec;
  /** Version of the service's specification that it was made for. */
  readonly SpecVersion: { readonly Index: number };
  readonly Status: TaskStatus;
  readonly DesiredState: TaskState;
  readonly Labels: Labels;
  readonly Annotations: { readonly Name: string; readonly Labels: Labels };
  readonly Endpoint?: { readonly Ports?: readonly PortConfig[] };
  /** On each network of its template, and on the ingress network where it has published ports. */
  readonly Addresses?: readonly NetworkAddress[];
  /** Of the template and ports that it was made from: equal ones have one revision. */
  readonly Revision: string;
  /** When it first ran; RFC 3339. */
  readonly RunningAt?: string;
  /** The task that it takes the place of, and how many restarts led to it. */
  readonly Replaces?: string;
  readonly Attempt?: number;
  readonly JobIteration?: { readonly Index: number };
  /** Not started before; RFC 3339. A replacement waits out its restart delay by it. */
  readonly NotBefore?: string;
  /** Why it is where it is, and why it was made: for people. */
  readonly Reasons?: readonly string[];
}

export interface SecretSpec {
  readonly Name: string;
  readonly Labels?: Labels;
  readonly Templating?: { readonly Name: string; readonly Options?: Labels };
}

export interface Secret extends Meta {
  readonly Spec: SecretSpec;
  /** Sealed by the cluster's key: it is nowhere in clear but in memory and in tmpfs. */
  readonly sealed: string;
}

export interface Config extends Meta {
  readonly Spec: SecretSpec & { /** base64 */ readonly Data: string };
}

/** Tables of the store and what is in them. */
export interface Objects {
  readonly cluster: Cluster;
  readonly nodes: ClusterNode;
  readonly services: Service;
  readonly tasks: Task;
  readonly secrets: Secret;
  readonly configs: Config;
  readonly networks: ClusterNetwork;
  readonly attachments: Attachment;
}

export type Kind = keyof Objects;

const ROOT = `/berth/${SCHEMA}/`;
const APPLICATIONS = `/berth-kv/${SCHEMA}/`;

/** Tasks lie below their service. */
export const keys = {
  root: ROOT,
  all: (kind: Kind): string => `${ROOT}${kind}/`,
  cluster: `${ROOT}cluster/default`,
  leader: `${ROOT}election/leader`,
  node: (id: string): string => `${ROOT}nodes/${id}`,
  service: (id: string): string => `${ROOT}services/${id}`,
  task: (service: string, id: string): string => `${ROOT}tasks/${service}/${id}`,
  tasksOf: (service: string): string => `${ROOT}tasks/${service}/`,
  secret: (id: string): string => `${ROOT}secrets/${id}`,
  config: (id: string): string => `${ROOT}configs/${id}`,
  network: (id: string): string => `${ROOT}networks/${id}`,
  attachment: (id: string): string => `${ROOT}attachments/${id}`,
  /** Of applications: what they keep, and the leases that they were given. Managers hold no copy of it, so it does not lie below `root`. */
  applications: APPLICATIONS,
  values: `${APPLICATIONS}kv/`,
  value: (key: string): string => `${APPLICATIONS}kv/${key}`,
  leases: `${APPLICATIONS}leases/`,
  lease: (id: string): string => `${APPLICATIONS}leases/${id}`,
  /** What numbers and subnets were given last; whoever makes a network writes it. */
  allocation: `${ROOT}allocation`,
  /** A name is taken by a key of its own, so that two managers cannot give it twice. */
  name: (kind: Kind, name: string): string => `${ROOT}names/${kind}/${name}`,
};

/** The table that a key belongs to; undefined for names and the election. */
export function kindOf(key: string): Kind | undefined {
  if (!key.startsWith(ROOT)) return undefined;
  const kind = key.slice(ROOT.length).split('/')[0] ?? '';
  return KINDS.find((one) => one === kind);
}

export const KINDS: readonly Kind[] = [
  'cluster',
  'nodes',
  'services',
  'tasks',
  'secrets',
  'configs',
  'networks',
  'attachments',
];

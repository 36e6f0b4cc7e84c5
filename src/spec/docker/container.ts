// The wire shapes of containers. What the daemon holds is complete (every field has Docker's default);
// what a client sends is the partial of it (`ContainerCreateBody`).
import type { Descriptor } from '../oci/image.ts';

/** Docker prints Go's nil maps and slices as null; both are accepted everywhere and written where dockerd writes them. */
export type Nullable<T> = T | null;

export interface HealthConfig {
  Test?: string[];
  /** nanoseconds */
  Interval?: number;
  Timeout?: number;
  Retries?: number;
  StartPeriod?: number;
  StartInterval?: number;
}

/** What belongs to the image or the program, not to the host. */
export interface ContainerConfig {
  Hostname: string;
  Domainname: string;
  User: string;
  AttachStdin: boolean;
  AttachStdout: boolean;
  AttachStderr: boolean;
  ExposedPorts?: Record<string, object>;
  Tty: boolean;
  OpenStdin: boolean;
  StdinOnce: boolean;
  Env: Nullable<string[]>;
  Cmd: Nullable<string[]>;
  Healthcheck?: HealthConfig;
  ArgsEscaped?: boolean;
  Image: string;
  Volumes: Nullable<Record<string, object>>;
  WorkingDir: string;
  Entrypoint: Nullable<string[]>;
  NetworkDisabled?: boolean;
  MacAddress?: string;
  OnBuild: Nullable<string[]>;
  Labels: Record<string, string>;
  StopSignal?: string;
  /** seconds */
  StopTimeout?: number;
  Shell?: string[];
}

export interface DeviceMapping {
  PathOnHost: string;
  PathInContainer: string;
  CgroupPermissions: string;
}

export interface DeviceRequest {
  Driver: string;
  Count: number;
  DeviceIDs: Nullable<string[]>;
  Capabilities: Nullable<string[][]>;
  Options: Nullable<Record<string, string>>;
}

export interface Ulimit {
  Name: string;
  Soft: number;
  Hard: number;
}

export interface ThrottleDevice {
  Path: string;
  Rate: number;
}

export interface WeightDevice {
  Path: string;
  Weight: number;
}

export interface PortBinding {
  HostIp: string;
  HostPort: string;
}

export type RestartPolicyName = '' | 'no' | 'always' | 'unless-stopped' | 'on-failure';

export interface RestartPolicy {
  Name: RestartPolicyName;
  MaximumRetryCount: number;
}

export type MountType = 'bind' | 'volume' | 'tmpfs' | 'image' | 'npipe' | 'cluster';

/** One `--mount`. */
export interface Mount {
  Type: MountType;
  Source?: string;
  Target: string;
  ReadOnly?: boolean;
  Consistency?: string;
  BindOptions?: {
    Propagation?: string;
    NonRecursive?: boolean;
    CreateMountpoint?: boolean;
    ReadOnlyNonRecursive?: boolean;
    ReadOnlyForceRecursive?: boolean;
  };
  VolumeOptions?: {
    NoCopy?: boolean;
    Labels?: Record<string, string>;
    Subpath?: string;
    DriverConfig?: { Name?: string; Options?: Record<string, string> };
  };
  ImageOptions?: { Subpath?: string };
  TmpfsOptions?: { SizeBytes?: number; Mode?: number; Options?: string[][] };
}

/** What belongs to the host: limits, mounts, namespaces, privileges. */
export interface HostConfig {
  Binds: Nullable<string[]>;
  ContainerIDFile: string;
  LogConfig: { Type: string; Config: Record<string, string> };
  NetworkMode: string;
  PortBindings: Nullable<Record<string, Nullable<PortBinding[]>>>;
  RestartPolicy: RestartPolicy;
  AutoRemove: boolean;
  VolumeDriver: string;
  VolumesFrom: Nullable<string[]>;
  ConsoleSize: [number, number];
  Annotations?: Record<string, string>;
  CapAdd: Nullable<string[]>;
  CapDrop: Nullable<string[]>;
  CgroupnsMode: '' | 'private' | 'host';
  Dns: Nullable<string[]>;
  DnsOptions: Nullable<string[]>;
  DnsSearch: Nullable<string[]>;
  ExtraHosts: Nullable<string[]>;
  GroupAdd: Nullable<string[]>;
  IpcMode: string;
  Cgroup: string;
  Links: Nullable<string[]>;
  OomScoreAdj: number;
  PidMode: string;
  Privileged: boolean;
  PublishAllPorts: boolean;
  ReadonlyRootfs: boolean;
  SecurityOpt: Nullable<string[]>;
  StorageOpt?: Record<string, string>;
  Tmpfs?: Record<string, string>;
  UTSMode: string;
  UsernsMode: string;
  /** bytes */
  ShmSize: number;
  Sysctls?: Record<string, string>;
  Runtime: string;
  Isolation: string;
  CpuShares: number;
  /** bytes */
  Memory: number;
  NanoCpus: number;
  CgroupParent: string;
  BlkioWeight: number;
  BlkioWeightDevice: Nullable<WeightDevice[]>;
  BlkioDeviceReadBps: Nullable<ThrottleDevice[]>;
  BlkioDeviceWriteBps: Nullable<ThrottleDevice[]>;
  BlkioDeviceReadIOps: Nullable<ThrottleDevice[]>;
  BlkioDeviceWriteIOps: Nullable<ThrottleDevice[]>;
  CpuPeriod: number;
  CpuQuota: number;
  CpuRealtimePeriod: number;
  CpuRealtimeRuntime: number;
  CpusetCpus: string;
  CpusetMems: string;
  Devices: Nullable<DeviceMapping[]>;
  DeviceCgroupRules: Nullable<string[]>;
  DeviceRequests: Nullable<DeviceRequest[]>;
  KernelMemory?: number;
  KernelMemoryTCP?: number;
  MemoryReservation: number;
  /** bytes of memory and swap together; -1 is unlimited, 0 is "twice the memory" */
  MemorySwap: number;
  MemorySwappiness: Nullable<number>;
  OomKillDisable: Nullable<boolean>;
  PidsLimit: Nullable<number>;
  Ulimits: Nullable<Ulimit[]>;
  CpuCount: number;
  CpuPercent: number;
  IOMaximumIOps: number;
  IOMaximumBandwidth: number;
  Mounts?: Mount[];
  MaskedPaths: Nullable<string[]>;
  ReadonlyPaths: Nullable<string[]>;
  Init?: boolean;
}

export interface EndpointSettings {
  IPAMConfig: Nullable<{ IPv4Address?: string; IPv6Address?: string; LinkLocalIPs?: string[] }>;
  Links: Nullable<string[]>;
  Aliases: Nullable<string[]>;
  MacAddress: string;
  DriverOpts: Nullable<Record<string, string>>;
  GwPriority: number;
  NetworkID: string;
  EndpointID: string;
  Gateway: string;
  IPAddress: string;
  IPPrefixLen: number;
  IPv6Gateway: string;
  GlobalIPv6Address: string;
  GlobalIPv6PrefixLen: number;
  DNSNames: Nullable<string[]>;
}

export type DeepPartial<T> = T extends readonly (infer U)[]
  ? DeepPartial<U>[]
  : T extends object
    ? { [P in keyof T]?: DeepPartial<T[P]> | undefined }
    : T;

/** The body of POST /containers/create as a client may send it. */
export type ContainerCreateBody = DeepPartial<ContainerConfig> & {
  HostConfig?: DeepPartial<HostConfig>;
  NetworkingConfig?: { EndpointsConfig?: Record<string, DeepPartial<EndpointSettings> | null> };
};

/** The same as it is read: every field there. */
export type ContainerCreateRequest = ContainerConfig & {
  HostConfig: HostConfig | null;
  NetworkingConfig: { EndpointsConfig: Record<string, EndpointSettings | null> | null } | null;
};

export interface ContainerCreateResponse {
  Id: string;
  Warnings: string[];
}

export type ContainerStatus = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

export interface HealthcheckResult {
  Start: string;
  End: string;
  ExitCode: number;
  Output: string;
}

export interface ContainerState {
  Status: ContainerStatus;
  Running: boolean;
  Paused: boolean;
  Restarting: boolean;
  OOMKilled: boolean;
  Dead: boolean;
  Pid: number;
  ExitCode: number;
  Error: string;
  StartedAt: string;
  FinishedAt: string;
  Health?: { Status: 'none' | 'starting' | 'healthy' | 'unhealthy'; FailingStreak: number; Log: HealthcheckResult[] };
}

/** One mount of a container as inspect shows it. */
export interface MountPoint {
  Type: MountType;
  Name?: string;
  Source: string;
  Destination: string;
  Driver?: string;
  Mode: string;
  RW: boolean;
  Propagation: string;
}

export interface NetworkSettings {
  Bridge: string;
  SandboxID: string;
  SandboxKey: string;
  Ports: Record<string, Nullable<PortBinding[]>>;
  HairpinMode: boolean;
  LinkLocalIPv6Address: string;
  LinkLocalIPv6PrefixLen: number;
  SecondaryIPAddresses: null;
  SecondaryIPv6Addresses: null;
  EndpointID: string;
  Gateway: string;
  GlobalIPv6Address: string;
  GlobalIPv6PrefixLen: number;
  IPAddress: string;
  IPPrefixLen: number;
  IPv6Gateway: string;
  MacAddress: string;
  Networks: Record<string, EndpointSettings>;
}

export interface ContainerInspect {
  Id: string;
  Created: string;
  Path: string;
  Args: string[];
  State: ContainerState;
  Image: string;
  ResolvConfPath: string;
  HostnamePath: string;
  HostsPath: string;
  LogPath: string;
  Name: string;
  RestartCount: number;
  Driver: string;
  Platform: string;
  /** Since 1.48. */
  ImageManifestDescriptor?: Descriptor;
  MountLabel: string;
  ProcessLabel: string;
  AppArmorProfile: string;
  ExecIDs: Nullable<string[]>;
  HostConfig: HostConfig;
  GraphDriver: { Name: string; Data: Record<string, string> };
  SizeRw?: number;
  SizeRootFs?: number;
  Mounts: MountPoint[];
  Config: ContainerConfig;
  NetworkSettings: NetworkSettings;
}

export interface Port {
  IP?: string;
  PrivatePort: number;
  PublicPort?: number;
  Type: string;
}

/** One row of GET /containers/json. */
export interface ContainerSummary {
  Id: string;
  Names: string[];
  Image: string;
  ImageID: string;
  /** Since 1.48. */
  ImageManifestDescriptor?: Descriptor;
  Command: string;
  /** seconds since 1970 */
  Created: number;
  Ports: Port[];
  SizeRw?: number;
  SizeRootFs?: number;
  Labels: Record<string, string>;
  State: ContainerStatus;
  Status: string;
  HostConfig: { NetworkMode: string; Annotations?: Record<string, string> };
  NetworkSettings: { Networks: Record<string, EndpointSettings> };
  Mounts: MountPoint[];
  /** Since 1.52; of a container without a check the status is `none`. */
  Health?: { Status: string; FailingStreak: number };
}

export interface ContainerTopResponse {
  Titles: string[];
  Processes: string[][];
}

export interface ContainerWaitResponse {
  StatusCode: number;
  Error?: { Message: string };
}

export interface ContainerPruneResponse {
  ContainersDeleted: Nullable<string[]>;
  SpaceReclaimed: number;
}

export interface ContainerUpdateResponse {
  Warnings: Nullable<string[]>;
}

// The bodies of container calls, field by field: kind, default, and whether an empty one is left out.
import type {
  ContainerConfig,
  ContainerCreateRequest,
  EndpointSettings,
  HealthConfig,
  HostConfig,
  Mount,
} from '../index.ts';
import {
  flag,
  int,
  type Kind,
  list,
  map,
  omit,
  optional,
  pair,
  pointer,
  strings,
  struct,
  text,
  unit,
} from './decode.ts';

const texts = list(text());
const labels = map(text());

const healthConfig = struct<HealthConfig>('v1.HealthcheckConfig', {
  Test: omit(texts),
  Interval: omit(int('time.Duration')),
  Timeout: omit(int('time.Duration')),
  StartPeriod: omit(int('time.Duration')),
  StartInterval: omit(int('time.Duration')),
  Retries: omit(int('int')),
});

export const containerConfig = struct<ContainerConfig>('container.Config', {
  Hostname: text(),
  Domainname: text(),
  User: text(),
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ExposedPorts: omit(map(unit, 'nat.PortSet')),
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  Env: texts,
  Cmd: strings,
  Healthcheck: optional(healthConfig),
  ArgsEscaped: omit(flag),
  Image: text(),
  Volumes: map(unit),
  WorkingDir: text(),
  Entrypoint: strings,
  NetworkDisabled: omit(flag),
  MacAddress: omit(text()),
  OnBuild: texts,
  Labels: labels,
  StopSignal: omit(text()),
  StopTimeout: optional(int('int')),
  Shell: omit(strings),
});

const throttles = list(
  struct<{ Path: string; Rate: number }>('blkiodev.ThrottleDevice', { Path: text(), Rate: int('uint64') }),
  true,
);

const mount = struct<Mount>('mount.Mount', {
  Type: omit(text('mount.Type')) as Kind<Mount['Type']>,
  Source: omit(text()),
  Target: omit(text()),
  ReadOnly: omit(flag),
  Consistency: omit(text('mount.Consistency')),
  BindOptions: optional(
    struct<NonNullable<Mount['BindOptions']>>('mount.BindOptions', {
      Propagation: omit(text('mount.Propagation')),
      NonRecursive: omit(flag),
      CreateMountpoint: omit(flag),
      ReadOnlyNonRecursive: omit(flag),
      ReadOnlyForceRecursive: omit(flag),
    }),
  ),
  VolumeOptions: optional(
    struct<NonNullable<Mount['VolumeOptions']>>('mount.VolumeOptions', {
      NoCopy: omit(flag),
      Labels: omit(labels),
      Subpath: omit(text()),
      DriverConfig: optional(
        struct<{ Name?: string; Options?: Record<string, string> }>('mount.Driver', {
          Name: omit(text()),
          Options: omit(labels),
        }),
      ),
    }),
  ),
  ImageOptions: optional(struct<{ Subpath?: string }>('mount.ImageOptions', { Subpath: omit(text()) })),
  TmpfsOptions: optional(
    struct<NonNullable<Mount['TmpfsOptions']>>('mount.TmpfsOptions', {
      SizeBytes: omit(int()),
      Mode: omit(int('fs.FileMode')),
      Options: omit(list(texts)),
    }),
  ),
});

export const restartPolicy = struct<HostConfig['RestartPolicy']>('container.RestartPolicy', {
  Name: text('container.RestartPolicyMode') as Kind<HostConfig['RestartPolicy']['Name']>,
  MaximumRetryCount: int('int'),
});

/** What an update can carry, and a HostConfig has as well. */
export type Resources = Pick<
  HostConfig,
  | 'CpuShares'
  | 'Memory'
  | 'NanoCpus'
  | 'CgroupParent'
  | 'BlkioWeight'
  | 'BlkioWeightDevice'
  | 'BlkioDeviceReadBps'
  | 'BlkioDeviceWriteBps'
  | 'BlkioDeviceReadIOps'
  | 'BlkioDeviceWriteIOps'
  | 'CpuPeriod'
  | 'CpuQuota'
  | 'CpuRealtimePeriod'
  | 'CpuRealtimeRuntime'
  | 'CpusetCpus'
  | 'CpusetMems'
  | 'Devices'
  | 'DeviceCgroupRules'
  | 'DeviceRequests'
  | 'KernelMemory'
  | 'KernelMemoryTCP'
  | 'MemoryReservation'
  | 'MemorySwap'
  | 'MemorySwappiness'
  | 'OomKillDisable'
  | 'PidsLimit'
  | 'Ulimits'
  | 'CpuCount'
  | 'CpuPercent'
  | 'IOMaximumIOps'
  | 'IOMaximumBandwidth'
>;

const resources = {
  CpuShares: int(),
  Memory: int(),
  NanoCpus: int(),
  CgroupParent: text(),
  BlkioWeight: int('uint16'),
  BlkioWeightDevice: list(
    struct<{ Path: string; Weight: number }>('blkiodev.WeightDevice', { Path: text(), Weight: int('uint16') }),
    true,
  ),
  BlkioDeviceReadBps: throttles,
  BlkioDeviceWriteBps: throttles,
  BlkioDeviceReadIOps: throttles,
  BlkioDeviceWriteIOps: throttles,
  CpuPeriod: int(),
  CpuQuota: int(),
  CpuRealtimePeriod: int(),
  CpuRealtimeRuntime: int(),
  CpusetCpus: text(),
  CpusetMems: text(),
  Devices: list(
    struct<NonNullable<HostConfig['Devices']>[number]>('container.DeviceMapping', {
      PathOnHost: text(),
      PathInContainer: text(),
      CgroupPermissions: text(),
    }),
  ),
  DeviceCgroupRules: texts,
  DeviceRequests: list(
    struct<NonNullable<HostConfig['DeviceRequests']>[number]>('container.DeviceRequest', {
      Driver: text(),
      Count: int('int'),
      DeviceIDs: texts,
      Capabilities: list(texts),
      Options: map(text()),
    }),
  ),
  KernelMemory: omit(int()),
  KernelMemoryTCP: omit(int()),
  MemoryReservation: int(),
  MemorySwap: int(),
  MemorySwappiness: pointer(int()),
  OomKillDisable: pointer(flag),
  PidsLimit: pointer(int()),
  Ulimits: list(
    struct<{ Name: string; Soft: number; Hard: number }>('units.Ulimit', { Name: text(), Hard: int(), Soft: int() }),
    true,
  ),
  CpuCount: int(),
  CpuPercent: int(),
  IOMaximumIOps: int('uint64'),
  IOMaximumBandwidth: int('uint64'),
};

export const hostConfig = struct<HostConfig>('container.HostConfig', {
  Binds: texts,
  ContainerIDFile: text(),
  LogConfig: struct<HostConfig['LogConfig']>('container.LogConfig', { Type: text(), Config: map(text()) }),
  NetworkMode: text('container.NetworkMode'),
  PortBindings: map(
    list(struct<{ HostIp: string; HostPort: string }>('nat.PortBinding', { HostIp: text(), HostPort: text() })),
    'nat.PortMap',
  ),
  RestartPolicy: restartPolicy,
  AutoRemove: flag,
  VolumeDriver: text(),
  VolumesFrom: texts,
  ConsoleSize: pair(int('uint')),
  Annotations: omit(labels),
  CapAdd: strings,
  CapDrop: strings,
  CgroupnsMode: text('container.CgroupnsMode') as Kind<'private' | 'host'>,
  Dns: texts,
  DnsOptions: texts,
  DnsSearch: texts,
  ExtraHosts: texts,
  GroupAdd: texts,
  IpcMode: text('container.IpcMode'),
  Cgroup: text('container.CgroupSpec'),
  Links: texts,
  OomScoreAdj: int('int'),
  PidMode: text('container.PidMode'),
  Privileged: flag,
  PublishAllPorts: flag,
  ReadonlyRootfs: flag,
  SecurityOpt: texts,
  StorageOpt: omit(labels),
  Tmpfs: omit(labels),
  UTSMode: text('container.UTSMode'),
  UsernsMode: text('container.UsernsMode'),
  ShmSize: int(),
  Sysctls: omit(labels),
  Runtime: text(),
  Isolation: text('container.Isolation'),
  ...resources,
  Mounts: omit(list(mount)),
  MaskedPaths: texts,
  ReadonlyPaths: texts,
  Init: optional(flag),
});

export const endpointSettings = struct<EndpointSettings>('network.EndpointSettings', {
  IPAMConfig: pointer(
    struct<NonNullable<EndpointSettings['IPAMConfig']>>('network.EndpointIPAMConfig', {
      IPv4Address: omit(text()),
      IPv6Address: omit(text()),
      LinkLocalIPs: omit(texts),
    }),
  ),
  Links: texts,
  Aliases: texts,
  MacAddress: text(),
  DriverOpts: map(text()),
  GwPriority: int('int'),
  NetworkID: text(),
  EndpointID: text(),
  Gateway: text(),
  IPAddress: text(),
  IPPrefixLen: int('int'),
  IPv6Gateway: text(),
  GlobalIPv6Address: text(),
  GlobalIPv6PrefixLen: int('int'),
  DNSNames: texts,
});

const networkingConfig = struct<{ EndpointsConfig: Record<string, EndpointSettings | null> | null }>(
  'network.NetworkingConfig',
  {
    EndpointsConfig: map(pointer(endpointSettings), 'map[string]*network.EndpointSettings') as Kind<
      Record<string, EndpointSettings | null>
    >,
  },
);

/** The create body: a Config with two more keys. */
export const createRequest = struct<ContainerCreateRequest>('container.CreateRequest', {
  ...(containerConfig.fields as never as {
    [K in keyof ContainerConfig]-?: Kind<NonNullable<ContainerConfig[K]>>;
  }),
  HostConfig: pointer(hostConfig),
  NetworkingConfig: pointer(networkingConfig),
});

export const updateRequest = struct<Resources & { RestartPolicy: HostConfig['RestartPolicy'] }>(
  'container.UpdateConfig',
  {
    ...resources,
    RestartPolicy: restartPolicy,
  },
);

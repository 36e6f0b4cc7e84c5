// The fields that objects of the API have in Go, with the empty value of each: JSON leaves many of them out, templates may name them all. Pure.
import { EmptyStruct, NilMap, NilSlice } from '../format/index.ts';

/** `set` is a map to empty structs; an object is a struct, an array of one type a list of those, a pointer is null when empty. */
type FieldType =
  | 'text'
  | 'number'
  | 'bool'
  | 'list'
  | 'map'
  | 'set'
  | 'pointer'
  | Struct
  | { readonly pointerTo: Struct };
interface Struct {
  readonly [name: string]: FieldType;
}

const fields = (type: FieldType, names: string): Struct =>
  Object.fromEntries(names.split(' ').map((name) => [name, type]));

const HEALTHCHECK: Struct = {
  ...fields('list', 'Test'),
  ...fields('number', 'Interval Timeout StartPeriod StartInterval Retries'),
};

const CONFIG: Struct = {
  ...fields('text', 'Hostname Domainname User Image WorkingDir MacAddress StopSignal'),
  ...fields('bool', 'AttachStdin AttachStdout AttachStderr Tty OpenStdin StdinOnce ArgsEscaped NetworkDisabled'),
  ...fields('list', 'Env Cmd Entrypoint OnBuild Shell'),
  ...fields('set', 'ExposedPorts Volumes'),
  Labels: 'map',
  StopTimeout: 'pointer',
  Healthcheck: { pointerTo: HEALTHCHECK },
};

const HOST_CONFIG: Struct = {
  ...fields(
    'list',
    'Binds VolumesFrom CapAdd CapDrop Dns DnsOptions DnsSearch ExtraHosts GroupAdd Links SecurityOpt Mounts',
  ),
  ...fields(
    'list',
    'BlkioWeightDevice BlkioDeviceReadBps BlkioDeviceWriteBps BlkioDeviceReadIOps BlkioDeviceWriteIOps',
  ),
  ...fields('list', 'Devices DeviceCgroupRules DeviceRequests Ulimits MaskedPaths ReadonlyPaths ConsoleSize'),
  ...fields('map', 'PortBindings Annotations StorageOpt Tmpfs Sysctls'),
  ...fields(
    'text',
    'ContainerIDFile NetworkMode VolumeDriver CgroupnsMode IpcMode Cgroup PidMode UTSMode UsernsMode Runtime Isolation',
  ),
  ...fields('text', 'CgroupParent CpusetCpus CpusetMems'),
  ...fields('number', 'OomScoreAdj ShmSize CpuShares Memory NanoCpus BlkioWeight CpuPeriod CpuQuota CpuRealtimePeriod'),
  ...fields(
    'number',
    'CpuRealtimeRuntime KernelMemory KernelMemoryTCP MemoryReservation MemorySwap CpuCount CpuPercent',
  ),
  ...fields('number', 'IOMaximumIOps IOMaximumBandwidth'),
  ...fields('bool', 'AutoRemove Privileged PublishAllPorts ReadonlyRootfs'),
  ...fields('pointer', 'Init MemorySwappiness OomKillDisable PidsLimit'),
  LogConfig: { Type: 'text', Config: 'map' },
  RestartPolicy: { Name: 'text', MaximumRetryCount: 'number' },
};

const STATE: Struct = {
  ...fields('text', 'Status Error StartedAt FinishedAt'),
  ...fields('bool', 'Running Paused Restarting OOMKilled Dead'),
  ...fields('number', 'Pid ExitCode'),
  Health: { pointerTo: { Status: 'text', FailingStreak: 'number', Log: 'list' } },
};

const GRAPH_DRIVER: Struct = { Data: 'map', Name: 'text' };

const CONTAINER: Struct = {
  ...fields(
    'text',
    'ID Created Path Image ResolvConfPath HostnamePath HostsPath LogPath Name Driver Platform MountLabel',
  ),
  ...fields('text', 'ProcessLabel AppArmorProfile'),
  ...fields('list', 'Args ExecIDs Mounts'),
  RestartCount: 'number',
  ...fields('pointer', 'SizeRw SizeRootFs ImageManifestDescriptor'),
  GraphDriver: GRAPH_DRIVER,
  State: { pointerTo: STATE },
  HostConfig: { pointerTo: HOST_CONFIG },
  Config: { pointerTo: CONFIG },
  NetworkSettings: {
    pointerTo: {
      ...fields(
        'text',
        'Bridge SandboxID SandboxKey LinkLocalIPv6Address EndpointID Gateway GlobalIPv6Address IPAddress',
      ),
      ...fields('text', 'IPv6Gateway MacAddress'),
      ...fields('number', 'LinkLocalIPv6PrefixLen GlobalIPv6PrefixLen IPPrefixLen'),
      ...fields('list', 'SecondaryIPAddresses SecondaryIPv6Addresses'),
      ...fields('map', 'Ports Networks'),
      HairpinMode: 'bool',
    },
  },
};

const IMAGE: Struct = {
  ...fields('text', 'ID Parent Comment Created DockerVersion Author Architecture Variant Os OsVersion Container'),
  ...fields('list', 'RepoTags RepoDigests Manifests'),
  ...fields('number', 'Size VirtualSize'),
  ...fields('pointer', 'ContainerConfig Descriptor'),
  Config: { pointerTo: CONFIG },
  GraphDriver: GRAPH_DRIVER,
  RootFS: { Type: 'text', Layers: 'list' },
  Metadata: { LastTagTime: 'text' },
};

const NETWORK: Struct = {
  ...fields('text', 'Name ID Created Scope Driver'),
  ...fields('bool', 'EnableIPv4 EnableIPv6 Internal Attachable Ingress ConfigOnly'),
  ...fields('map', 'Containers Options Labels Services'),
  Peers: 'list',
  IPAM: { Driver: 'text', Options: 'map', Config: 'list' },
  ConfigFrom: { Network: 'text' },
};

const VOLUME: Struct = {
  ...fields('text', 'CreatedAt Driver Mountpoint Name Scope'),
  ...fields('map', 'Labels Options Status'),
  ...fields('pointer', 'ClusterVolume UsageData'),
};

/** Gives an object the fields that its type has and it has not. They are not seen where all fields are listed, as in JSON. */
export function fillFields(value: unknown): void {
  if (!isObject(value)) return;
  const type =
    'HostConfig' in value
      ? CONTAINER
      : 'RootFS' in value
        ? IMAGE
        : 'IPAM' in value
          ? NETWORK
          : 'Mountpoint' in value
            ? VOLUME
            : undefined;
  if (type) fill(value, type);
}

function fill(on: Record<string, unknown>, struct: Struct): void {
  const lowered = new Set(Object.keys(on).map((name) => name.toLowerCase()));
  for (const [name, type] of Object.entries(struct)) {
    const value = on[name];
    if (value === undefined && !lowered.has(name.toLowerCase()))
      Object.defineProperty(on, name, { value: emptyOf(type), enumerable: false });
    else if (value === null && (type === 'list' || type === 'map' || type === 'set')) on[name] = emptyOf(type);
    else if (isObject(value) && type === 'set') {
      for (const key of Object.keys(value)) value[key] = new EmptyStruct();
    } else if (isObject(value) && typeof type === 'object') fill(value, structOf(type));
  }
}

function emptyOf(type: FieldType): unknown {
  switch (type) {
    case 'text':
      return '';
    case 'number':
      return 0;
    case 'bool':
      return false;
    case 'list':
      return new NilSlice();
    case 'map':
    case 'set':
      return new NilMap();
    case 'pointer':
      return null;
    default: {
      if (isPointer(type)) return null;
      const empty = {};
      fill(empty, type);
      return empty;
    }
  }
}

const isPointer = (type: FieldType): type is { readonly pointerTo: Struct } =>
  typeof type === 'object' && 'pointerTo' in type && Object.keys(type).length === 1;

function structOf(type: Struct | { readonly pointerTo: Struct }): Struct {
  return isPointer(type) ? type.pointerTo : type;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

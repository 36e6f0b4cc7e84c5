// The fields that objects of the API have in Go, with the empty value of each: JSON leaves many of them out, templates may name them all. Pure.
import { RESTART_POLICY } from './object-methods.ts';
import { EmptyStruct, GoDuration, NilMap, NilSlice, shownAs, typed, writtenAs } from '../../format/index.ts';

/** `set` is a map to empty structs, `map` one of texts; an object is a struct; a pointer is null when empty. */
type FieldType =
  | 'text'
  | 'number'
  | 'bool'
  | 'list'
  | 'map'
  | 'set'
  | 'pointer'
  | 'duration'
  | 'texts'
  | Struct
  | PointerTo
  | ListOf
  | MapOf;
interface Struct {
  readonly [name: string]: FieldType;
}

class PointerTo {
  readonly to: Struct;
  constructor(to: Struct) {
    this.to = to;
  }
}

class ListOf {
  readonly item: Struct;
  /** What an item prints, where it has a text of its own. */
  readonly text: ((item: Record<string, unknown>) => string) | undefined;
  constructor(item: Struct, text?: (item: Record<string, unknown>) => string) {
    this.item = item;
    this.text = text;
  }
}

class MapOf {
  readonly value: Struct;
  constructor(value: Struct) {
    this.value = value;
  }
}

const fields = (type: FieldType, names: string): Struct =>
  Object.fromEntries(names.split(' ').map((name) => [name, type]));

const HEALTHCHECK: Struct = {
  ...fields('texts', 'Test'),
  ...fields('duration', 'Interval Timeout StartPeriod StartInterval'),
  Retries: 'number',
};

const CONFIG: Struct = {
  ...fields('text', 'Hostname Domainname User Image WorkingDir MacAddress StopSignal'),
  ...fields('bool', 'AttachStdin AttachStdout AttachStderr Tty OpenStdin StdinOnce ArgsEscaped NetworkDisabled'),
  ...fields('texts', 'Env Cmd Entrypoint OnBuild Shell'),
  ...fields('set', 'ExposedPorts Volumes'),
  Labels: 'map',
  StopTimeout: 'pointer',
  Healthcheck: new PointerTo(HEALTHCHECK),
};

const IMAGE_CONFIG: Struct = {
  ...fields('text', 'User WorkingDir StopSignal'),
  ...fields('texts', 'Env Cmd Entrypoint OnBuild Shell'),
  ...fields('set', 'ExposedPorts Volumes'),
  Labels: 'map',
  ArgsEscaped: 'bool',
  Healthcheck: new PointerTo(HEALTHCHECK),
};

const ULIMIT: Struct = { ...fields('text', 'Name'), ...fields('number', 'Hard Soft') };

const HOST_CONFIG: Struct = {
  ...fields(
    'list',
    'Binds VolumesFrom CapAdd CapDrop Dns DnsOptions DnsSearch ExtraHosts GroupAdd Links SecurityOpt Mounts',
  ),
  ...fields(
    'list',
    'BlkioWeightDevice BlkioDeviceReadBps BlkioDeviceWriteBps BlkioDeviceReadIOps BlkioDeviceWriteIOps',
  ),
  ...fields('list', 'Devices DeviceCgroupRules DeviceRequests MaskedPaths ReadonlyPaths ConsoleSize'),
  ...fields('map', 'Annotations StorageOpt Tmpfs Sysctls'),
  PortBindings: new MapOf({}),
  Ulimits: new ListOf(ULIMIT, ({ Name, Soft, Hard }) => `${String(Name)}=${String(Soft)}:${String(Hard)}`),
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
  Health: new PointerTo({ Status: 'text', FailingStreak: 'number', Log: 'list' }),
};

const GRAPH_DRIVER: Struct = { Data: 'map', Name: 'text' };

const ENDPOINT: Struct = {
  ...fields('text', 'NetworkID EndpointID Gateway IPAddress IPv6Gateway GlobalIPv6Address MacAddress'),
  ...fields('number', 'IPPrefixLen GlobalIPv6PrefixLen GwPriority'),
  ...fields('texts', 'Links Aliases DNSNames'),
  DriverOpts: 'map',
  IPAMConfig: 'pointer',
};

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
  State: new PointerTo(STATE),
  HostConfig: new PointerTo(HOST_CONFIG),
  Config: new PointerTo(CONFIG),
  NetworkSettings: new PointerTo({
    ...fields(
      'text',
      'Bridge SandboxID SandboxKey LinkLocalIPv6Address EndpointID Gateway GlobalIPv6Address IPAddress',
    ),
    ...fields('text', 'IPv6Gateway MacAddress'),
    ...fields('number', 'LinkLocalIPv6PrefixLen GlobalIPv6PrefixLen IPPrefixLen'),
    ...fields('list', 'SecondaryIPAddresses SecondaryIPv6Addresses'),
    Ports: new MapOf({}),
    Networks: new MapOf(ENDPOINT),
    HairpinMode: 'bool',
  }),
};

const IMAGE: Struct = {
  ...fields('text', 'ID Parent Comment Created DockerVersion Author Architecture Variant Os OsVersion Container'),
  ...fields('list', 'RepoTags RepoDigests Manifests'),
  ...fields('number', 'Size VirtualSize'),
  ...fields('pointer', 'ContainerConfig Descriptor'),
  Config: new PointerTo(IMAGE_CONFIG),
  GraphDriver: GRAPH_DRIVER,
  RootFS: { Type: 'text', Layers: 'list' },
  Metadata: { LastTagTime: 'text' },
};

const NETWORK: Struct = {
  ...fields('text', 'Name ID Created Scope Driver'),
  ...fields('bool', 'EnableIPv4 EnableIPv6 Internal Attachable Ingress ConfigOnly'),
  ...fields('map', 'Options Labels'),
  Containers: new MapOf(fields('text', 'Name EndpointID MacAddress IPv4Address IPv6Address')),
  Services: new MapOf({}),
  Peers: 'list',
  IPAM: {
    Driver: 'text',
    Options: 'map',
    Config: new ListOf({ ...fields('text', 'Subnet IPRange Gateway'), AuxAddress: 'map' }),
  },
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
  if (type === CONTAINER) addPolicyMethods(value);
}

function addPolicyMethods({ HostConfig: settings }: Record<string, unknown>): void {
  const policy = isObject(settings) ? settings['RestartPolicy'] : undefined;
  if (!isObject(policy)) return;
  for (const [name, method] of Object.entries(RESTART_POLICY))
    Object.defineProperty(policy, name, { value: () => method(String(policy['Name'])), enumerable: false });
}

function fill(on: Record<string, unknown>, struct: Struct): void {
  const lowered = new Set(Object.keys(on).map((name) => name.toLowerCase()));
  for (const [name, type] of Object.entries(struct)) {
    const value = on[name];
    if (value === undefined && !lowered.has(name.toLowerCase()))
      Object.defineProperty(on, name, { value: emptyOf(type), enumerable: false });
    else if (value === null) on[name] = emptyOf(type);
    else if (value !== undefined) on[name] = read(value, type);
  }
}

/** A value of JSON as one of its Go type. */
function read(value: unknown, type: FieldType): unknown {
  if (type === 'duration' && typeof value === 'number') return new GoDuration(value);
  if (type === 'texts' && Array.isArray(value)) return typed(value, '[]string');
  if (type instanceof ListOf && Array.isArray(value)) {
    for (const item of value.filter(isObject)) {
      fill(item, type.item);
      if (type.text) shownAs(item, type.text(item));
    }
  }
  if (!isObject(value)) return value;
  if (type === 'map') return typed(value, 'map[string]string');
  if (type === 'set') {
    for (const key of Object.keys(value)) value[key] = new EmptyStruct();
    return typed(value, 'map[string]struct {}');
  }
  if (typeof type === 'string' || type instanceof ListOf) return value;
  if (type instanceof MapOf) {
    for (const item of Object.values(value).filter(isObject)) fill(item, type.value);
    return typed(value, 'map[string]interface {}');
  }
  fill(value, type instanceof PointerTo ? type.to : type);
  return value;
}

function emptyOf(type: FieldType): unknown {
  switch (type) {
    case 'text':
      return '';
    case 'number':
      return 0;
    case 'duration':
      return new GoDuration(0);
    case 'bool':
      return false;
    case 'list':
    case 'texts':
      return new NilSlice();
    case 'map':
    case 'set':
      return new NilMap();
    case 'pointer':
      return null;
    default: {
      if (type instanceof ListOf) return new NilSlice();
      if (type instanceof MapOf) return new NilMap();
      if (type instanceof PointerTo) return null;
      const empty = {};
      fill(empty, type);
      return empty;
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const EVENT: Struct = {
  ...fields('text', 'Status ID From Type Action Scope'),
  ...fields('number', 'Time TimeNano'),
  Actor: { ID: 'text', Attributes: 'map' },
};

/** An event with the names of its Go type beside those of its JSON, which templates do not know. */
export function eventFields(message: Readonly<Record<string, unknown>>): object {
  const { status, id, from, scope, time, timeNano, ...rest } = message;
  const event: Record<string, unknown> = {
    ...rest,
    ...Object.fromEntries(
      Object.entries({ Status: status, ID: id, From: from, Scope: scope, Time: time, TimeNano: timeNano }).filter(
        ([, value]) => value !== undefined,
      ),
    ),
  };
  fill(event, EVENT);
  if (isObject(event['Actor'])) typed(event['Actor'], 'events.Actor');
  return writtenAs(event, message);
}

const INFO: Struct = {
  ...fields('text', 'ID Driver SystemTime LoggingDriver CgroupDriver CgroupVersion KernelVersion OperatingSystem'),
  ...fields('text', 'OSVersion OSType Architecture IndexServerAddress DockerRootDir HTTPProxy HTTPSProxy NoProxy'),
  ...fields('text', 'Name ServerVersion DefaultRuntime InitBinary Isolation ProductLicense ServerErrors'),
  ...fields('number', 'Containers ContainersRunning ContainersPaused ContainersStopped Images NFd NGoroutines'),
  ...fields('number', 'NEventsListener NCPU MemTotal'),
  ...fields('bool', 'MemoryLimit SwapLimit CPUCfsPeriod CPUCfsQuota CPUShares CPUSet PidsLimit IPv4Forwarding Debug'),
  ...fields('bool', 'OomKillDisable ExperimentalBuild LiveRestoreEnabled'),
  ...fields('list', 'DriverStatus GenericResources DefaultAddressPools CDISpecDirs DiscoveredDevices'),
  ...fields('texts', 'Labels SecurityOptions Warnings ClientErrors'),
  ...fields('pointer', 'FirewallBackend Containerd'),
};

/** What `info` prints of the daemon and of itself. */
export function infoFields(info: Record<string, unknown>): object {
  fill(info, INFO);
  name(info, { Swarm: 'swarm.Info', RegistryConfig: '*registry.ServiceConfig', ClientInfo: '*system.clientInfo' });
  return info;
}

const VERSION: Struct = {
  ...fields('text', 'Version APIVersion MinAPIVersion GitCommit GoVersion Os Arch KernelVersion BuildTime'),
  Experimental: 'bool',
  Components: 'list',
  Platform: { Name: 'text' },
};

/** What `version` prints. */
export function versionFields(version: Record<string, unknown>): object {
  const { Server: server } = version;
  if (isObject(server)) {
    fill(server, VERSION);
    for (const component of Array.isArray(server['Components']) ? server['Components'] : [])
      if (isObject(component)) typed(component, 'types.ComponentVersion');
  }
  name(version, { Client: 'system.clientVersion', Server: '*types.Version' });
  return version;
}

function name(on: Record<string, unknown>, types: Readonly<Record<string, string>>): void {
  for (const [field, type] of Object.entries(types)) {
    const value = on[field];
    if (isObject(value)) typed(value, type);
  }
}

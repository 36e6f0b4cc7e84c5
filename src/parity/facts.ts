// Pure. What two places should have in common, as plain text by key: a host, and the containers on it. Values of secrets are hashes.

/** Key to value, both for people: `limit memory` to `512 MiB`. A key that is absent is not set. */
export type Facts = Readonly<Record<string, string>>;

export interface Place {
  /** As it was asked for. */
  readonly name: string;
  /** Kernel, architecture, time zone… */
  readonly host: Facts;
  /** By the name that is the same in both places: service and number of a project, else the container's name. */
  readonly containers: Readonly<Record<string, Facts>>;
}

/** Of `GET /info`, what containers can see of their host. */
export interface HostInfo {
  readonly OSType?: string;
  readonly OperatingSystem?: string;
  readonly Architecture?: string;
  readonly KernelVersion?: string;
  readonly CgroupVersion?: string;
  readonly DefaultRuntime?: string;
  readonly SecurityOptions?: readonly string[] | null;
  readonly SystemTime?: string;
}

/** Of a container's inspection. */
export interface ContainerInfo {
  readonly Name?: string;
  readonly Image?: string;
  readonly Config?: {
    readonly Image?: string;
    readonly User?: string;
    readonly WorkingDir?: string;
    readonly Env?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
    readonly Entrypoint?: readonly string[] | null;
    readonly StopSignal?: string;
    readonly Labels?: Readonly<Record<string, string>> | null;
  };
  readonly HostConfig?: Readonly<Record<string, unknown>>;
  readonly Mounts?:
    | readonly {
        readonly Type?: string;
        readonly Name?: string;
        readonly Destination?: string;
        readonly RW?: boolean;
      }[]
    | null;
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, unknown>> | null };
}

const PROJECT = 'com.docker.compose.project';
const SERVICE = 'com.docker.compose.service';
const NUMBER = 'com.docker.compose.container-number';

export function projectOf({ Config }: ContainerInfo): string | undefined {
  return Config?.Labels?.[PROJECT];
}

/** `web`, or of a project's container `web.1`. */
export function keyOf({ Name = '', Config }: ContainerInfo): string {
  const service = Config?.Labels?.[SERVICE];
  return service === undefined ? Name.replace(/^\//, '') : `${service}.${Config?.Labels?.[NUMBER] ?? '1'}`;
}

export function hostFacts(info: HostInfo): Facts {
  return set({
    system: info.OperatingSystem ?? info.OSType,
    architecture: info.Architecture,
    kernel: info.KernelVersion,
    cgroups: info.CgroupVersion === undefined ? undefined : `v${info.CgroupVersion}`,
    runtime: info.DefaultRuntime,
    security: [...(info.SecurityOptions ?? [])].sort().join(' '),
    'time zone': zoneOf(info.SystemTime),
  });
}

/** `+09:00` of a time in RFC 3339. */
function zoneOf(time: string | undefined): string | undefined {
  const zone = /(?:Z|[+-]\d{2}:\d{2})$/.exec(time ?? '')?.[0];
  return zone === 'Z' ? '+00:00' : zone;
}

/** `hash`: of a variable's value, which may be a secret. */
export function containerFacts(info: ContainerInfo, hash: (value: string) => string): Facts {
  const { Config = {}, HostConfig: host = {} } = info;
  const facts: Record<string, string | undefined> = {
    image: info.Image,
    user: Config.User,
    'working directory': Config.WorkingDir,
    entrypoint: list(Config.Entrypoint),
    command: list(Config.Cmd),
    'stop signal': Config.StopSignal,
    privileged: host['Privileged'] === true ? 'yes' : undefined,
    'read-only root': host['ReadonlyRootfs'] === true ? 'yes' : undefined,
    'capabilities added': sorted(host['CapAdd']),
    'capabilities dropped': sorted(host['CapDrop']),
    'security options': sorted(host['SecurityOpt']),
    dns: list(host['Dns']),
    'dns search': list(host['DnsSearch']),
    'extra hosts': sorted(host['ExtraHosts']),
    restart: restartOf(host['RestartPolicy']),
    networks: Object.keys(info.NetworkSettings?.Networks ?? {})
      .sort()
      .join(' '),
  };
  for (const [key, name] of LIMITS) facts[`limit ${name}`] = numberOf(host[key]);
  for (const text of Config.Env ?? []) {
    const at = text.indexOf('=');
    facts[`env ${at < 0 ? text : text.slice(0, at)}`] = at < 0 ? '' : hash(text.slice(at + 1));
  }
  for (const { Type = '', Name, Destination = '', RW } of info.Mounts ?? [])
    facts[`mount ${Destination}`] =
      `${Type}${Name === undefined || isAnonymous(Name) ? '' : ` ${Name}`}${RW === false ? ', read-only' : ''}`;
  return set(facts);
}

const LIMITS = [
  ['Memory', 'memory'],
  ['MemorySwap', 'memory and swap'],
  ['MemoryReservation', 'memory reservation'],
  ['NanoCpus', 'processors'],
  ['CpuShares', 'processor shares'],
  ['CpuQuota', 'processor quota'],
  ['CpusetCpus', 'processor set'],
  ['PidsLimit', 'processes'],
  ['ShmSize', 'shared memory'],
] as const;

const isAnonymous = (name: string): boolean => /^[0-9a-f]{64}$/.test(name);

function numberOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' && value !== 0 ? String(value) : undefined;
}

function list(value: unknown): string | undefined {
  return Array.isArray(value) && value.length > 0 ? JSON.stringify(value) : undefined;
}

function sorted(value: unknown): string | undefined {
  return Array.isArray(value) ? value.map(String).sort().join(' ') : undefined;
}

function restartOf(value: unknown): string | undefined {
  const { Name = '', MaximumRetryCount = 0 } = (value ?? {}) as { Name?: string; MaximumRetryCount?: number };
  if (Name === 'no') return undefined;
  return MaximumRetryCount > 0 ? `${Name}:${MaximumRetryCount}` : Name;
}

/** Without those that are not set. */
function set(facts: Readonly<Record<string, string | undefined>>): Facts {
  return Object.fromEntries(
    Object.entries(facts).flatMap(([key, value]) =>
      value === undefined || value === '' ? [] : [[key, value] as const],
    ),
  );
}

// What the daemon says of itself and its host: version and info.
import { readFileSync } from 'node:fs';
import { cpus, hostname, release, totalmem } from 'node:os';
import { rfc3339 } from '../base/clock.ts';
import { proxyVariable, withoutCredentials } from '../base/proxy.ts';
import type { HostAbilities } from '../runtime/spec/index.ts';
import type { InfoResponse, VersionResponse } from '../spec/docker/index.ts';

/** Berth's own version; the bundler replaces nothing here, `npm version` and a test keep it equal to package.json. */
export const VERSION = '0.1.0';
/** What clients that compare with Docker's versions should take us for. */
const DOCKER_COMPATIBLE = '28.5.2';

export interface SystemFacts {
  readonly id: string;
  readonly dataRoot: string;
  readonly apiVersion: string;
  readonly minApiVersion: string;
  readonly abilities: HostAbilities;
  readonly runtimes: Readonly<Record<string, { path: string; version: string }>>;
  readonly defaultRuntime: string;
  readonly conmonVersion: string;
  readonly initPath: string | undefined;
  readonly labels: readonly string[];
  readonly debug: boolean;
  readonly warnings: readonly string[];
  readonly controllers: readonly string[];
  readonly insecureRegistries: readonly string[];
  /** `base=10.0.0.0/8,size=24`, as settings name them. */
  readonly addressPools: readonly string[];
  readonly mirrors: Readonly<Record<string, readonly string[]>>;
  readonly logDriver: string;
  readonly liveRestore: boolean;
  /** `builtin`, `unconfined` or a file. */
  readonly seccompProfile: string;
  readonly noNewPrivileges: boolean;
}

const GO_ARCH: Record<string, string> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'arm',
  ia32: '386',
  ppc64: 'ppc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
};
const MACHINE: Record<string, string> = { x64: 'x86_64', arm64: 'aarch64', ia32: 'i686' };

export function goArchitecture(nodeArch: string): string {
  return GO_ARCH[nodeArch] ?? nodeArch;
}

export function versionOf(facts: SystemFacts): VersionResponse {
  const runtime = facts.runtimes[facts.defaultRuntime];
  return {
    Platform: { Name: `Berth ${VERSION}` },
    Components: [
      {
        Name: 'Engine',
        Version: DOCKER_COMPATIBLE,
        Details: {
          ApiVersion: facts.apiVersion,
          Arch: goArchitecture(facts.abilities.arch),
          BuildTime: '',
          Experimental: 'false',
          GitCommit: '',
          GoVersion: '',
          KernelVersion: release(),
          MinAPIVersion: facts.minApiVersion,
          Os: 'linux',
        },
      },
      { Name: 'berth', Version: VERSION, Details: { Node: process.versions.node } },
      { Name: facts.defaultRuntime, Version: runtime?.version ?? '', Details: { GitCommit: '' } },
      { Name: 'conmon', Version: facts.conmonVersion, Details: { GitCommit: '' } },
    ],
    Version: DOCKER_COMPATIBLE,
    ApiVersion: facts.apiVersion,
    MinAPIVersion: facts.minApiVersion,
    GitCommit: VERSION,
    GoVersion: `node${process.versions.node}`,
    Os: 'linux',
    Arch: goArchitecture(facts.abilities.arch),
    KernelVersion: release(),
    BuildTime: '',
  };
}

export interface SystemCounts {
  readonly containers: { readonly running: number; readonly paused: number; readonly stopped: number };
  readonly images: number;
  readonly volumeDrivers: readonly string[];
  readonly listeners: number;
  readonly openFiles: number;
}

export function infoOf(facts: SystemFacts, counts: SystemCounts): InfoResponse {
  const { abilities, controllers } = facts;
  const v2 = abilities.cgroup === 'v2';
  const has = (controller: string): boolean => controllers.includes(controller);
  const os = osRelease();
  return {
    ID: facts.id,
    Containers: counts.containers.running + counts.containers.paused + counts.containers.stopped,
    ContainersRunning: counts.containers.running,
    ContainersPaused: counts.containers.paused,
    ContainersStopped: counts.containers.stopped,
    Images: counts.images,
    Driver: 'overlay2',
    DriverStatus: [
      ['Supports d_type', 'true'],
      ['Using metacopy', 'false'],
      ['Native Overlay Diff', 'true'],
      ['userxattr', 'false'],
    ],
    Plugins: {
      Volume: [...counts.volumeDrivers],
      Network: ['bridge', 'host', 'macvlan', 'null'],
      Authorization: null,
      Log: ['json-file', 'local', 'none'],
    },
    MemoryLimit: has('memory'),
    SwapLimit: has('memory'),
    CpuCfsPeriod: has('cpu'),
    CpuCfsQuota: has('cpu'),
    CPUShares: has('cpu'),
    CPUSet: has('cpuset'),
    PidsLimit: has('pids'),
    IPv4Forwarding: readFlag('/proc/sys/net/ipv4/ip_forward'),
    Debug: facts.debug,
    NFd: counts.openFiles,
    OomKillDisable: !v2 && has('memory'),
    NGoroutines: 1,
    SystemTime: rfc3339(),
    LoggingDriver: facts.logDriver,
    CgroupDriver: 'cgroupfs',
    CgroupVersion: v2 ? '2' : '1',
    NEventsListener: counts.listeners,
    KernelVersion: release(),
    OperatingSystem: os['PRETTY_NAME'] ?? 'Linux',
    OSVersion: os['VERSION_ID'] ?? '',
    OSType: 'linux',
    Architecture: MACHINE[abilities.arch] ?? abilities.arch,
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: registryConfig(facts),
    NCPU: cpus().length,
    MemTotal: totalmem(),
    GenericResources: null,
    DockerRootDir: facts.dataRoot,
    HttpProxy: withoutCredentials(proxyVariable('HTTP_PROXY', process.env)),
    HttpsProxy: withoutCredentials(proxyVariable('HTTPS_PROXY', process.env)),
    NoProxy: proxyVariable('NO_PROXY', process.env),
    Name: hostname(),
    Labels: [...facts.labels],
    ExperimentalBuild: false,
    ServerVersion: DOCKER_COMPATIBLE,
    Runtimes: Object.fromEntries(
      Object.entries(facts.runtimes).map(([name, runtime]) => [name, { path: runtime.path }]),
    ),
    DefaultRuntime: facts.defaultRuntime,
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    LiveRestoreEnabled: facts.liveRestore,
    Isolation: '',
    InitBinary: facts.initPath ?? '',
    ContainerdCommit: { ID: '' },
    RuncCommit: { ID: facts.runtimes['runc']?.version ?? '' },
    InitCommit: { ID: '' },
    SecurityOptions: [
      ...(abilities.apparmor && abilities.noDefaultProfile !== true ? ['name=apparmor'] : []),
      ...(abilities.seccomp ? [`name=seccomp,profile=${facts.seccompProfile}`] : []),
      ...(v2 ? ['name=cgroupns'] : []),
      ...(facts.noNewPrivileges ? ['name=no-new-privileges'] : []),
    ],
    FirewallBackend: { Driver: 'nftables' },
    CDISpecDirs: [],
    ...(facts.addressPools.length === 0 ? {} : { DefaultAddressPools: facts.addressPools.map(shownPool) }),
    Warnings: facts.warnings.length === 0 ? null : [...facts.warnings],
  };
}

function readFlag(file: string): boolean {
  try {
    return readFileSync(file, 'latin1').trim() === '1';
  } catch {
    return false;
  }
}

function osRelease(): Record<string, string> {
  try {
    return Object.fromEntries(
      readFileSync('/etc/os-release', 'utf8')
        .split('\n')
        .flatMap((line) => {
          const match = /^(\w+)="?(.*?)"?$/.exec(line);
          return match ? [[match[1] ?? '', match[2] ?? '']] : [];
        }),
    );
  } catch {
    return {};
  }
}

/** As dockerd has it: mirrors of Docker Hub, what may be spoken to without TLS; and mirrors of the others. */
function shownPool(text: string): { Base: string; Size: number } {
  const [, Base = '', size] = /^base=(.*),size=(\d+)$/.exec(text) ?? [];
  return { Base, Size: Number(size) };
}

const asDirectory = (url: string): string => (url.endsWith('/') ? url : `${url}/`);

function registryConfig({ insecureRegistries, mirrors }: SystemFacts): object {
  const isRange = (entry: string): boolean => entry.includes('/');
  const own = (name: string): object => ({
    Name: name,
    Mirrors: (mirrors[name] ?? []).map(asDirectory),
    Secure: !insecureRegistries.includes(name),
    Official: name === 'docker.io',
  });
  const names = ['docker.io', ...Object.keys(mirrors), ...insecureRegistries.filter((entry) => !isRange(entry))];
  const hub = mirrors['docker.io'] ?? [];
  return {
    InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8', ...insecureRegistries.filter(isRange)],
    IndexConfigs: Object.fromEntries([...new Set(names)].map((name) => [name, own(name)])),
    Mirrors: hub.length > 0 ? hub.map(asDirectory) : null,
  };
}

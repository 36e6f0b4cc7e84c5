// Everything the OCI configuration of a container depends on, as plain values: the function over it is pure.
import type { ContainerConfig, HostConfig } from '../../spec/docker/index.ts';

export type CgroupLayout = 'v1' | 'hybrid' | 'v2';

/** What this host can do; observed once at the daemon's start. */
export interface HostAbilities {
  readonly cgroup: CgroupLayout;
  /** Capabilities in the daemon's bounding set, with CAP_ prefix; what is missing cannot be given to a container. */
  readonly capabilities: readonly string[];
  readonly seccomp: boolean;
  /** AppArmor is on. */
  readonly apparmor: boolean;
  /** It is, and the default profile cannot be loaded: containers run without one. */
  readonly noDefaultProfile?: boolean;
  readonly selinux: boolean;
  /** `x64`, `arm64`: as process.arch says. */
  readonly arch: string;
  /** The daemon's own hard limits by name without RLIMIT_, for clamping where CAP_SYS_RESOURCE is missing. */
  readonly hardLimits: Readonly<Record<string, number>>;
  readonly canRaiseLimits: boolean;
  /** Kernel release, for example `6.1.0-18-amd64`. */
  readonly kernel: string;
  /** The kernel can make a mount read-only with all below it, and the runtime knows `rro`: read-only binds reach nested mounts. */
  readonly recursiveReadOnly?: boolean;
  /** Existing /sys/devices/system/cpu/cpu<n>/thermal_throttle, masked in every unprivileged container. */
  readonly thermalPaths?: readonly string[];
}

/** One mount after volumes and paths were resolved; order is the order of mounting. */
export interface ResolvedMount {
  readonly type: 'bind' | 'tmpfs';
  /** Absolute host path for a bind; unused for tmpfs. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** private, rprivate, shared, rshared, slave, rslave; empty means rprivate. */
  readonly propagation: string;
  readonly recursive: boolean;
  /** Whether read-only holds for mounts below as well; absent means `never`: crun fails with it on files. */
  readonly readOnlyNested?: 'ifPossible' | 'never' | 'always';
  /** More mount options as the OCI runtime takes them. For tmpfs the user's (size=, mode=, exec …), merged with Docker's defaults. */
  readonly options: readonly string[];
}

/** Identity after /etc/passwd and /etc/group of the image were read. */
export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** All of them, the first is `gid` itself. */
  readonly additionalGids: readonly number[];
  /** Home directory as /etc/passwd has it: HOME when the environment has none. */
  readonly home: string;
}

/** A namespace that is shared rather than made: the host's own, or the one at a path such as /proc/123/ns/net. */
export type NamespaceSource = 'new' | 'host' | { readonly path: string };

export interface SpecInput {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** Absolute path of the mounted root file system. */
  readonly rootfs: string;
  readonly user: ResolvedUser;
  readonly hostname: string;
  readonly domainname: string;
  /** Volumes, binds and tmpfs of the user; /etc/hosts, /etc/hostname, /etc/resolv.conf and /dev/shm come from `files`. */
  readonly mounts: readonly ResolvedMount[];
  /** Host paths of the files that the engine writes for each container; absent ones are not mounted. */
  readonly files: {
    readonly hosts?: string;
    readonly hostname?: string;
    readonly resolvConf?: string;
    readonly shm?: string;
    readonly init?: string;
  };
  /** Variables of legacy links, `DB_PORT=…`. */
  readonly linkedEnv?: readonly string[];
  readonly namespaces: {
    readonly network: NamespaceSource;
    readonly pid: NamespaceSource;
    readonly ipc: NamespaceSource;
    readonly uts: NamespaceSource;
    readonly cgroup: NamespaceSource;
  };
  /** Path below every controller's root, for example `/berth/<id>`. */
  readonly cgroupPath: string;
  /** Device numbers of throttled block devices, looked up by the caller. */
  readonly throttle: readonly ThrottleTarget[];
  /** Device nodes that `Devices` and `Privileged` ask for, looked up by the caller. */
  readonly devices: readonly DeviceNode[];
  readonly host: HostAbilities;
}

export interface ThrottleTarget {
  readonly kind: 'weight' | 'readBps' | 'writeBps' | 'readIOps' | 'writeIOps';
  readonly major: number;
  readonly minor: number;
  readonly value: number;
}

export interface DeviceNode {
  /** Path inside the container. */
  readonly path: string;
  readonly type: 'c' | 'b' | 'p';
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
  /** Letters of r, w, m. */
  readonly access: string;
}

/** The part of the OCI runtime specification that Berth writes. */
export interface OciSpec {
  ociVersion: string;
  process: OciProcess;
  root: { path: string; readonly: boolean };
  hostname?: string;
  domainname?: string;
  mounts: { destination: string; type: string; source: string; options: string[] }[];
  linux: Record<string, unknown>;
  annotations?: Record<string, string>;
  hooks?: Record<string, unknown>;
}

export interface OciProcess {
  terminal: boolean;
  consoleSize?: { height: number; width: number };
  user: { uid: number; gid: number; additionalGids?: number[]; umask?: number };
  args: string[];
  env: string[];
  cwd: string;
  capabilities?: Record<'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient', string[]>;
  /** 2^64 means unlimited: write the file with `specText` or `processText`. */
  rlimits?: { type: string; hard: number; soft: number }[];
  noNewPrivileges: boolean;
  apparmorProfile?: string;
  oomScoreAdj?: number;
  selinuxLabel?: string;
}

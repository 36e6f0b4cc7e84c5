// From what was seen of a host to findings: each check with its state, what was seen, and what it costs to lack it. Pure.
import { humanSize } from '../base/units.ts';
import type { Facts, RuntimeFact, Trial } from './facts.ts';

export type State = 'ok' | 'warn' | 'fail';

export interface Finding {
  readonly check: string;
  /** fail: containers can't run; warn: they run with something missing. */
  readonly state: State;
  readonly seen: string;
  /** What does not work because of it; only where the state is not ok. */
  readonly cost?: string;
  /** What a person can do about it. */
  readonly remedy?: string;
}

/** In a verdict: ok, or what is missing. */
type Lack = Pick<Finding, 'cost' | 'remedy'> & { readonly state: 'warn' | 'fail' };
type Verdict = { readonly seen: string; readonly lack?: Lack | undefined };
type Check = { readonly check: string; readonly judge: (facts: Facts) => Verdict };

const GIB = 1024 ** 3;

/** Every finding, in the order in which a person would look. */
export function findings(facts: Facts): Finding[] {
  return CHECKS.map(({ check, judge }) => {
    const { seen, lack } = judge(facts);
    return { check, seen, state: lack?.state ?? 'ok', ...definedOf(lack) };
  });
}

/** True when containers can run. */
export function canRun(found: readonly Finding[]): boolean {
  return found.every(({ state }) => state !== 'fail');
}

const definedOf = (lack: Lack | undefined): Pick<Finding, 'cost' | 'remedy'> => ({
  ...(lack?.cost === undefined ? {} : { cost: lack.cost }),
  ...(lack?.remedy === undefined ? {} : { remedy: lack.remedy }),
});

const fail = (cost: string, remedy?: string): Lack => ({ state: 'fail', cost, ...(remedy ? { remedy } : {}) });
const warn = (cost: string, remedy?: string): Lack => ({ state: 'warn', cost, ...(remedy ? { remedy } : {}) });
const unless = (fine: boolean, lack: Lack): Lack | undefined => (fine ? undefined : lack);

const shown = (trial: Trial): string =>
  trial.result === 'works' ? 'works' : trial.result === 'fails' ? `fails: ${trial.why}` : `not tried: ${trial.why}`;

const NAMESPACES: Readonly<Record<string, Lack>> = {
  mnt: fail('no container can have a file system of its own', 'a kernel with CONFIG_NAMESPACES'),
  pid: fail('no container can have processes of its own', 'a kernel with CONFIG_PID_NS'),
  net: fail('no container can have a network of its own', 'a kernel with CONFIG_NET_NS'),
  ipc: fail('no container can have shared memory of its own', 'a kernel with CONFIG_IPC_NS'),
  uts: fail('no container can have a host name of its own', 'a kernel with CONFIG_UTS_NS'),
  cgroup: warn('containers see the control groups of the host', 'a kernel with CONFIG_CGROUPS, 4.6 or newer'),
  user: warn('no user remapping (--userns)', 'a kernel with CONFIG_USER_NS'),
};

const CONTROLLERS: Readonly<Record<string, string>> = {
  memory: 'memory limits (-m) and memory figures of stats',
  cpu: 'cpu shares and limits (-c, --cpus)',
  cpuset: 'pinning to processors (--cpuset-cpus)',
  pids: 'process limits (--pids-limit)',
  blkio: 'disk weights and limits (--blkio-weight, --device-read-bps)',
  io: 'disk weights and limits (--blkio-weight, --device-read-bps)',
  devices: 'rule for devices (a container with CAP_MKNOD reaches all of them)',
  freezer: 'pause',
};

const CAPABILITIES: Readonly<Record<string, Lack>> = {
  CAP_SYS_ADMIN: fail('nothing can be mounted and no namespace made', 'start Berth where this capability is allowed'),
  CAP_NET_ADMIN: warn('no network but --network none and host'),
  CAP_SYS_CHROOT: fail('image layers cannot be unpacked'),
  CAP_MKNOD: warn('images with device files cannot be unpacked, and --device fails'),
  CAP_SETFCAP: warn('file capabilities in images are lost, ping among them'),
  CAP_SYS_RESOURCE: warn('limits (--ulimit) above those of the daemon are clamped to them, with a warning'),
  CAP_SYS_PTRACE: warn('the networks of containers under another user cannot be entered'),
};

const LINKS: Readonly<Record<keyof Facts['links'], string>> = {
  veth: 'bridge networks do not work; --network none, host and container: do',
  bridge: 'bridge networks do not work; --network none, host and container: do',
  vxlan: 'overlay networks between hosts do not work',
};

function runtimeVerdict(runtimes: readonly RuntimeFact[], name: string): Verdict {
  const one = runtimes.find((runtime) => runtime.name === name);
  if (!one?.path) {
    const other = runtimes.some((runtime) => runtime.trial.result === 'works');
    return {
      seen: 'not installed',
      lack: other ? undefined : warn('one of runc and crun is needed', `apt-get install ${name}`),
    };
  }
  const seen = `${one.version} at ${one.path}, ${shown(one.trial)}${one.inView ? ' when the v2 tree of control groups is hidden from it' : ''}`;
  if (one.trial.result !== 'fails') return { seen };
  return { seen, lack: warn(`containers cannot use ${name} on this host`) };
}

const CHECKS: readonly Check[] = [
  {
    check: 'platform',
    judge: ({ platform, arch, node }) => ({
      seen: `${platform} ${arch}, Node ${node}`,
      lack: unless(platform === 'linux', fail('containers are made by the Linux kernel')),
    }),
  },
  {
    check: 'root',
    judge: ({ uid }) => ({
      seen: uid === 0 ? 'yes' : `user ${uid}`,
      lack: unless(
        uid === 0,
        fail('the daemon cannot run, and some checks below could not be tried', 'sudo berth doctor'),
      ),
    }),
  },
  {
    check: 'kernel',
    judge: ({ kernel }) => {
      const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
      const recent = major > 5 || (major === 5 && minor >= 10);
      return {
        seen: kernel,
        lack: unless(recent, warn('Berth is tested on 5.10 and newer; calls that it wants may be missing')),
      };
    },
  },
  ...Object.entries(NAMESPACES).map(([name, lack]) => ({
    check: `namespace ${name}`,
    judge: ({ namespaces, maxUserNamespaces }: Facts): Verdict => {
      if (!namespaces.includes(name)) return { seen: 'absent', lack };
      if (name !== 'user' || maxUserNamespaces !== 0) return { seen: 'present' };
      return { seen: 'turned off', lack: { ...lack, remedy: 'sysctl user.max_user_namespaces=10000' } };
    },
  })),
  {
    check: 'overlayfs',
    judge: ({ overlay, filesystems, disk }) => ({
      seen: `${shown(overlay)}${filesystems.includes('overlay') ? '' : ' (module not loaded)'}`,
      lack: unless(
        overlay.result !== 'fails',
        fail(
          `no container can have a root file system below ${disk.path}`,
          'modprobe overlay, or a data root on ext4, xfs or btrfs',
        ),
      ),
    }),
  },
  {
    check: 'control groups',
    judge: ({ cgroup: { layout, controllers } }) => {
      const wanted = Object.keys(CONTROLLERS).filter((name) =>
        layout === 'v2' ? !['blkio', 'devices', 'freezer'].includes(name) : name !== 'io',
      );
      const missing = wanted.filter((name) => !controllers.includes(name));
      const seen = `${layout}: ${controllers.length === 0 ? 'no controllers' : controllers.join(' ')}`;
      if (controllers.length === 0)
        return { seen, lack: fail('no container can be started', 'mount the control groups of the host') };
      if (missing.length === 0) return { seen };
      return {
        seen,
        lack: warn(`missing: ${missing.map((name) => `${name}, so no ${CONTROLLERS[name]}`).join('; ')}`),
      };
    },
  },
  ...Object.entries(CAPABILITIES).map(([name, lack]) => ({
    check: name,
    judge: ({ capabilities }: Facts): Verdict =>
      capabilities.includes(name) ? { seen: 'allowed' } : { seen: 'not allowed', lack },
  })),
  {
    check: 'open files',
    judge: ({ openFiles }) => ({
      seen: Number.isFinite(openFiles) ? `at most ${openFiles}` : 'unlimited',
      lack: unless(
        openFiles >= 65_536,
        warn('a few hundred containers use the limit up', 'ulimit -Hn 1048576 before the daemon starts'),
      ),
    }),
  },
  {
    check: 'seccomp',
    judge: ({ seccomp }) => ({
      seen: seccomp ? 'present' : 'absent',
      lack: unless(seccomp, warn('containers may make every system call', 'a kernel with CONFIG_SECCOMP_FILTER')),
    }),
  },
  {
    check: 'AppArmor',
    judge: ({ apparmor: { enabled, parser } }) => ({
      seen: enabled ? `on, ${parser ? 'with' : 'without'} apparmor_parser` : 'off',
      lack: !enabled
        ? warn('containers have no AppArmor profile; capabilities, seccomp and masked paths still hold')
        : unless(parser, warn('the default profile cannot be loaded', 'apt-get install apparmor')),
    }),
  },
  {
    check: 'nftables',
    judge: ({ nftables: { version, trial } }) => ({
      seen: version === undefined ? 'nft is not installed' : `nft ${version}, ${shown(trial)}`,
      lack: unless(
        version !== undefined && trial.result !== 'fails',
        warn(
          'no published ports and no masquerading',
          version === undefined ? 'apt-get install nftables' : 'modprobe nf_tables',
        ),
      ),
    }),
  },
  ...(['veth', 'bridge', 'vxlan'] as const).map((kind) => ({
    check: kind,
    judge: ({ links }: Facts): Verdict => ({
      seen: shown(links[kind]),
      lack: unless(links[kind].result !== 'fails', warn(LINKS[kind], `modprobe ${kind}`)),
    }),
  })),
  {
    check: 'IPv6',
    judge: ({ ipv6 }) => ({
      seen: ipv6,
      lack: unless(ipv6 === 'on', warn('networks with --ipv6 and ports on ::1 do not work')),
    }),
  },
  {
    check: 'forwarding',
    judge: ({ ipForward, uid }) => ({
      seen: ipForward ? 'on' : 'off',
      lack: unless(
        ipForward || uid === 0,
        warn('containers on bridge networks reach nobody outside', 'sysctl net.ipv4.ip_forward=1'),
      ),
    }),
  },
  {
    check: 'uplink',
    judge: ({ uplink }) => {
      if (!uplink) return { seen: 'no default route', lack: warn('pulls, and containers, reach nobody outside') };
      const seen = `${uplink.name}, MTU ${uplink.mtu}`;
      return {
        seen,
        lack: unless(
          uplink.mtu >= 1500,
          warn('large packets of containers are dropped on networks whose MTU is not set as low'),
        ),
      };
    },
  },
  ...(['runc', 'crun'] as const).map((name) => ({
    check: name,
    judge: ({ runtimes }: Facts): Verdict => runtimeVerdict(runtimes, name),
  })),
  {
    check: 'OCI runtime',
    judge: ({ runtimes }) => {
      const able = runtimes.filter(({ path, trial }) => path !== undefined && trial.result !== 'fails');
      return {
        seen: able.length === 0 ? 'none that works' : able.map(({ name }) => name).join(', '),
        lack: unless(able.length > 0, fail('no container can be started', 'apt-get install runc crun')),
      };
    },
  },
  {
    check: 'conmon',
    judge: ({ conmon }) => {
      const [major = 0, minor = 0] = (conmon ?? '').split('.').map((part) => Number.parseInt(part, 10));
      if (conmon === undefined)
        return { seen: 'not installed', lack: fail('no container can be started', 'apt-get install conmon') };
      return {
        seen: conmon,
        lack: unless(
          major > 2 || (major === 2 && minor >= 1),
          warn('Berth is tested with 2.1 and newer', 'apt-get install conmon'),
        ),
      };
    },
  },
  {
    check: 'ps',
    judge: ({ programs: { ps } }) => ({
      seen: ps ? 'installed' : 'not installed',
      lack: unless(ps, warn('berth top does not work', 'apt-get install procps')),
    }),
  },
  {
    check: 'mmdebstrap',
    judge: ({ programs: { mmdebstrap } }) => ({
      seen: mmdebstrap ? 'installed' : 'not installed',
      lack: unless(mmdebstrap, warn('berth image bootstrap debian does not work', 'apt-get install mmdebstrap')),
    }),
  },
  {
    check: 'disk',
    judge: ({ disk: { path, freeBytes, freeInodes } }) => {
      const seen = `${humanSize(freeBytes)} and ${freeInodes === 0 ? 'any number of' : freeInodes} files free at ${path}`;
      if (freeBytes < 64 * 1024 ** 2)
        return { seen, lack: fail('nothing can be stored', 'make room, or give another --data-root') };
      const tight = freeBytes < 2 * GIB || (freeInodes > 0 && freeInodes < 100_000);
      return {
        seen,
        lack: unless(!tight, warn('larger images do not fit', 'berth image prune -a, or another --data-root')),
      };
    },
  },
  {
    check: 'clock',
    judge: ({ now, built }) => ({
      seen: new Date(now).toISOString().slice(0, 16).replace('T', ' '),
      lack: unless(
        now > built - 86_400_000,
        warn('it is behind: certificates are refused, and new objects sort as old', 'set the clock'),
      ),
    }),
  },
];

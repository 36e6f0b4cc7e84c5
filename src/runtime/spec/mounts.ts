// The mount table of a container: Docker's defaults, the user's mounts by depth, the engine's files.
import type { HostConfig } from '../../spec/docker/index.ts';
import type { HostAbilities, OciSpec, ResolvedMount, SpecInput } from './input.ts';
import type { SecurityOptions } from './security.ts';
import { mergeTmpfsOptions } from './tmpfs-options.ts';

type OciMount = OciSpec['mounts'][number];

/** Where the init program is bound, and run from. */
export const INIT_PATH = '/sbin/docker-init';

const mount = (destination: string, type: string, source: string, options: string): OciMount => ({
  destination,
  type,
  source,
  options: options.split(' '),
});

const defaultMounts = (): OciMount[] => [
  mount('/proc', 'proc', 'proc', 'nosuid noexec nodev'),
  mount('/dev', 'tmpfs', 'tmpfs', 'nosuid strictatime mode=755 size=65536k'),
  mount('/dev/pts', 'devpts', 'devpts', 'nosuid noexec newinstance ptmxmode=0666 mode=0620 gid=5'),
  mount('/sys', 'sysfs', 'sysfs', 'nosuid noexec nodev ro'),
  mount('/sys/fs/cgroup', 'cgroup', 'cgroup', 'ro nosuid noexec nodev'),
  mount('/dev/mqueue', 'mqueue', 'mqueue', 'nosuid noexec nodev'),
  mount('/dev/shm', 'tmpfs', 'shm', 'nosuid noexec nodev mode=1777'),
];

/** These stay writable when the root file system is read-only. */
const ALWAYS_WRITABLE = new Set(['/proc', '/dev', '/dev/pts', '/dev/shm', '/dev/mqueue']);

/** The mounts, in order, and what they need of the root file system's propagation. */
export function mountsOf(
  input: Pick<SpecInput, 'mounts' | 'files' | 'hostConfig' | 'host'>,
  security: Pick<SecurityOptions, 'writableCgroups'>,
): { mounts: OciMount[]; rootfsPropagation: string } {
  const { hostConfig, host } = input;
  const user = [...input.mounts, ...engineFiles(input)].toSorted((a, b) => depth(a.target) - depth(b.target));
  const own = new Set(user.map((one) => one.target));
  const writableCgroups = security.writableCgroups ?? hostConfig.Privileged;

  const defaults = defaultMounts()
    .filter((one) => !own.has(one.destination) && !(own.has('/dev') && one.destination.startsWith('/dev/')))
    .filter((one) => one.destination !== '/dev/shm' || hostConfig.IpcMode !== 'none');
  for (const one of defaults) {
    if (one.destination === '/dev/shm') one.options.push(`size=${hostConfig.ShmSize}`);
    if (hostConfig.ReadonlyRootfs && !ALWAYS_WRITABLE.has(one.destination) && !one.options.includes('ro')) {
      one.options.push('ro');
    }
    const open = (one.destination === '/sys' && hostConfig.Privileged) || (one.type === 'cgroup' && writableCgroups);
    if (open) one.options = one.options.filter((option) => option !== 'ro');
  }
  const init = input.files.init ? [mount(INIT_PATH, 'bind', input.files.init, 'bind ro')] : [];
  return {
    mounts: [...defaults, ...init, ...user.map((one) => ociMount(one, host))],
    rootfsPropagation: rootPropagation(user),
  };
}

/** Files that the engine writes for the container; a mount of the user on the same path stands instead. */
function engineFiles({
  files,
  hostConfig,
  mounts,
}: Pick<SpecInput, 'mounts' | 'files' | 'hostConfig'>): ResolvedMount[] {
  const taken = new Set(mounts.map((one) => one.target));
  const wanted: [string, string | undefined, boolean][] = [
    ['/dev/shm', files.shm, false],
    ['/etc/resolv.conf', files.resolvConf, hostConfig.ReadonlyRootfs],
    ['/etc/hostname', files.hostname, hostConfig.ReadonlyRootfs],
    ['/etc/hosts', files.hosts, hostConfig.ReadonlyRootfs],
  ];
  return wanted.flatMap(([target, source, readOnly]) =>
    source === undefined || taken.has(target)
      ? []
      : [
          {
            type: 'bind' as const,
            source,
            target,
            readOnly,
            propagation: 'rprivate',
            recursive: true,
            readOnlyNested: 'never' as const,
            options: [],
          },
        ],
  );
}

function ociMount(one: ResolvedMount, host: HostAbilities): OciMount {
  if (one.type === 'tmpfs') {
    const options = mergeTmpfsOptions([...(one.readOnly ? ['ro'] : []), ...one.options]);
    return { destination: one.target, type: 'tmpfs', source: 'tmpfs', options };
  }
  const options = [one.recursive ? 'rbind' : 'bind'];
  const { readOnlyNested: nested } = one;
  const deep = nested === 'always' || (nested === 'ifPossible' && host.recursiveReadOnly === true);
  if (one.readOnly) options.push(deep ? 'rro' : 'ro');
  const propagation = one.propagation || 'rprivate';
  // crun takes the r of rprivate for that of rbind; of a single mount both say the same
  options.push(one.recursive ? propagation : propagation.replace(/^r/, ''), ...one.options);
  return { destination: one.target, type: 'bind', source: one.source, options };
}

/** A shared mount needs a shared root, a slave one a slave root; the strongest need wins. */
function rootPropagation(mounts: readonly ResolvedMount[]): string {
  const kinds = mounts.map((one) => one.propagation.replace(/^r/, ''));
  if (kinds.includes('shared')) return 'shared';
  return kinds.includes('slave') ? 'rslave' : '';
}

function depth(path: string): number {
  return path.split('/').filter((part) => part !== '').length;
}

/** Paths that nobody in the container reads: they tell about the host or its kernel's secrets. */
export const DEFAULT_MASKED_PATHS: readonly string[] = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];

export const DEFAULT_READONLY_PATHS: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

/** Masked and read-only paths: what was asked for, else the defaults, else none for a privileged container. */
export function hiddenPathsOf(hostConfig: Pick<HostConfig, 'MaskedPaths' | 'ReadonlyPaths' | 'Privileged'>): {
  maskedPaths: readonly string[];
  readonlyPaths: readonly string[];
} {
  const { MaskedPaths, ReadonlyPaths, Privileged } = hostConfig;
  return {
    maskedPaths: MaskedPaths ?? (Privileged ? [] : DEFAULT_MASKED_PATHS),
    readonlyPaths: ReadonlyPaths ?? (Privileged ? [] : DEFAULT_READONLY_PATHS),
  };
}

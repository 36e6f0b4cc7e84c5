// What this host can do for containers, observed once at the daemon's start.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { hasAppArmor } from './apparmor.ts';
import { observeCgroups } from './cgroup.ts';
import { canChangeMountsBelow } from './mount.ts';

const CAP_SYS_RESOURCE = 24;

/** Bits of CapBnd as numbers. */
export function boundingSet(status: string): number[] {
  const mask = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => (mask >> BigInt(bit)) % 2n === 1n);
}

const LIMIT_NAMES: Record<string, string> = {
  'Max cpu time': 'CPU',
  'Max file size': 'FSIZE',
  'Max data size': 'DATA',
  'Max stack size': 'STACK',
  'Max core file size': 'CORE',
  'Max resident set': 'RSS',
  'Max processes': 'NPROC',
  'Max open files': 'NOFILE',
  'Max locked memory': 'MEMLOCK',
  'Max address space': 'AS',
  'Max file locks': 'LOCKS',
  'Max pending signals': 'SIGPENDING',
  'Max msgqueue size': 'MSGQUEUE',
  'Max nice priority': 'NICE',
  'Max realtime priority': 'RTPRIO',
  'Max realtime timeout': 'RTTIME',
};

/** Hard limits by name without RLIMIT_; unlimited is Infinity. */
export function hardLimits(text: string): Record<string, number> {
  const limits: Record<string, number> = {};
  for (const [title, name] of Object.entries(LIMIT_NAMES)) {
    const hard = new RegExp(`^${title}\\s+\\S+\\s+(\\S+)`, 'm').exec(text)?.[1];
    if (hard !== undefined) limits[name] = hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
  }
  return limits;
}

/** `names` are the kernel's capability names in the order of their bits. */
export function observeAbilities(names: readonly string[]) {
  const bits = boundingSet(readFileSync('/proc/self/status', 'latin1'));
  const { layout } = observeCgroups();
  return {
    cgroup: layout,
    capabilities: bits.flatMap((bit) => names[bit] ?? []),
    seccomp: existsSync('/proc/sys/kernel/seccomp/actions_avail'),
    apparmor: hasAppArmor(),
    selinux: false,
    arch: process.arch,
    hardLimits: hardLimits(readFileSync('/proc/self/limits', 'latin1')),
    canRaiseLimits: bits.includes(CAP_SYS_RESOURCE),
    kernel: release(),
    recursiveReadOnly: canChangeMountsBelow(),
    thermalPaths: thermalPaths(),
  };
}

/** Per-processor throttle counters that tell one container of another's load. */
function thermalPaths(): string[] {
  const root = '/sys/devices/system/cpu';
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => `${root}/${name}/thermal_throttle`)
    .filter((path) => existsSync(path));
}

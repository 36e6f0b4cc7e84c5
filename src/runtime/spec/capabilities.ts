// Which capabilities a container gets: Docker's default set, changed by CapAdd and CapDrop, within what the host has.
import { invalid } from '../../base/errors.ts';
import { capabilityName } from '../../spec/docker/capability.ts';

/** What a container has unless told otherwise. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

/** Every capability that Linux knows; the index is the bit number. */
export const KNOWN_CAPABILITIES: readonly string[] =
  `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID
  SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO
  SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE
  AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF
  CHECKPOINT_RESTORE`
    .split(/\s+/)
    .map((name) => `CAP_${name}`);

/**
 * Names in upper case with CAP_, `ALL` as it is. Throws invalid for a name that Linux does not know, and for one that
 * the host lacks when `host` is given.
 */
export function normaliseCapabilities(names: readonly string[] | null | undefined, host?: readonly string[]): string[] {
  return (names ?? []).map((given) => {
    const name = capabilityName(given);
    if (name === 'ALL') return name;
    if (!KNOWN_CAPABILITIES.includes(name)) throw invalid(`unknown capability: "${name}"`);
    if (host && !host.includes(name)) {
      throw invalid(`capability not supported by your kernel or not available in the current environment: "${name}"`);
    }
    return name;
  });
}

/** The set of a container, and what was asked for by name and cannot be given. */
export function capabilitiesOf(
  hostConfig: { CapAdd: string[] | null; CapDrop: string[] | null; Privileged: boolean },
  host: readonly string[],
): { granted: string[]; missing: string[] } {
  if (hostConfig.Privileged) return { granted: [...host], missing: [] };
  const add = normaliseCapabilities(hostConfig.CapAdd);
  const drop = new Set(normaliseCapabilities(hostConfig.CapDrop));
  const named = add.filter((name) => name !== 'ALL');
  let wanted: readonly string[];
  if (add.includes('ALL')) wanted = host.filter((name) => !drop.has(name));
  else if (drop.has('ALL')) wanted = named;
  else wanted = [...DEFAULT_CAPABILITIES.filter((name) => !drop.has(name)), ...named];
  const unique = [...new Set(wanted)];
  return {
    granted: unique.filter((name) => host.includes(name)),
    missing: [...new Set(named)].filter((name) => !host.includes(name)),
  };
}

// The AppArmor profile of containers: its text, whether the kernel has it, and how it gets there.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { unavailable } from '../base/errors.ts';
import { findProgram } from './find.ts';

const PROFILES = '/sys/kernel/security/apparmor/profiles';
const ENABLED = '/sys/module/apparmor/parameters/enabled';
const CURRENT = ['/proc/self/attr/apparmor/current', '/proc/self/attr/current'];
const TUNABLES = 'tunables/global';
const BASE = 'abstractions/base';
const FOLDER = '/etc/apparmor.d';

/** The kernel enforces profiles, and this process may see which. */
export function hasAppArmor(): boolean {
  return existsSync(PROFILES) && existsSync(ENABLED) && readFileSync(ENABLED, 'latin1').startsWith('Y');
}

export function isProfileLoaded(name: string): boolean {
  return readFileSync(PROFILES, 'utf8')
    .split('\n')
    .some((line) => line.startsWith(`${name} (`));
}

/** The profile of containers under this name; one that is there is left as it is. Throws unavailable when it cannot be loaded. */
export async function loadProfile(name: string): Promise<void> {
  if (isProfileLoaded(name)) return;
  const parser = findProgram('apparmor_parser');
  if (parser === undefined)
    throw unavailable('apparmor_parser is not installed', { hint: 'Install the package apparmor.' });
  const text = profileText({
    name,
    daemon: ownProfile(),
    hasTunables: existsSync(`${FOLDER}/${TUNABLES}`),
    hasBase: existsSync(`${FOLDER}/${BASE}`),
  });
  // -K: nothing of it stays in a cache; -r: one that came meanwhile is replaced
  await new Promise<void>((resolve, reject) => {
    const child = execFile(parser, ['-K', '-r'], (error, _, stderr) =>
      error
        ? reject(unavailable(`apparmor_parser refuses the profile: ${stderr.trim()}`, { cause: error }))
        : resolve(),
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(text);
  });
}

/** What this daemon itself runs under, `unconfined` mostly. */
function ownProfile(): string {
  for (const file of CURRENT)
    try {
      return (
        readFileSync(file, 'utf8')
          .replace(/ \(\w+\)\s*$/, '')
          .trim() || 'unconfined'
      );
    } catch {
      // older kernels have the other one
    }
  return 'unconfined';
}

interface ProfileFacts {
  readonly name: string;
  /** The profile of the daemon, which may send signals to containers. */
  readonly daemon: string;
  readonly hasTunables: boolean;
  readonly hasBase: boolean;
}

/** dockerd's default profile: what it refuses is what a container could change of the host by /proc, /sys and mount. */
export function profileText({ name, daemon, hasTunables, hasBase }: ProfileFacts): string {
  return `${hasTunables ? `#include <${TUNABLES}>` : '@{PROC}=/proc/'}

profile ${name} flags=(attach_disconnected,mediate_deleted) {
${hasBase ? `  #include <${BASE}>\n` : ''}
  network,
  capability,
  file,
  umount,

  signal (receive) peer=unconfined,
  signal (receive) peer=runc,
  signal (receive) peer=crun,
  signal (receive) peer="${daemon}",
  signal (send,receive) peer=${name},
  ptrace (trace,read,tracedby,readby) peer=${name},

  deny @{PROC}/* w,
  deny @{PROC}/{[^1-9],[^1-9][^0-9],[^1-9s][^0-9y][^0-9s],[^1-9][^0-9][^0-9][^0-9/]*}/** w,
  deny @{PROC}/sys/[^k]** w,
  deny @{PROC}/sys/kernel/{?,??,[^s][^h][^m]**} w,
  deny @{PROC}/sysrq-trigger rwklx,
  deny @{PROC}/kcore rwklx,

  deny mount,

  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/fs/cg[^r]*/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
  deny /sys/kernel/security/** rwklx,
}
`;
}

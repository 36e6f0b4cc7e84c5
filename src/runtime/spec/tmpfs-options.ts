// Options of a tmpfs: defaults and the user's merged, the later one of a kind wins.
import { internal } from '../../base/errors.ts';

const DEFAULTS = ['noexec', 'nosuid', 'nodev', 'rprivate'];

/** Flags that exclude one another share a name. */
const FLAG_GROUPS: Record<string, string> = Object.fromEntries(
  [
    'ro rw',
    'suid nosuid',
    'dev nodev',
    'exec noexec',
    'sync async',
    'dirsync',
    'remount',
    'mand nomand',
    'atime noatime',
    'diratime nodiratime',
    'relatime norelatime',
    'strictatime nostrictatime',
    'bind rbind unbindable runbindable private rprivate shared rshared slave rslave',
  ].flatMap((group) => group.split(' ').map((flag) => [flag, group] as const)),
);

const SETTINGS = new Set(['size', 'mode', 'uid', 'gid', 'nr_inodes', 'nr_blocks', 'mpol']);

/** Throws internal `invalid tmpfs option ["x"]` as dockerd does at start. */
export function mergeTmpfsOptions(given: readonly string[]): string[] {
  const merged: string[] = [];
  const taken = new Set<string>();
  for (const option of [...DEFAULTS, ...given].toReversed()) {
    if (option === 'defaults' || option === '') continue;
    const at = option.indexOf('=');
    const key = FLAG_GROUPS[option] ?? (at < 0 ? undefined : option.slice(0, at));
    if (key === undefined || (at >= 0 && !SETTINGS.has(key))) {
      const parts = at < 0 ? [option] : [option.slice(0, at), option.slice(at + 1)];
      throw internal(`invalid tmpfs option [${parts.map((part) => JSON.stringify(part)).join(' ')}]`);
    }
    if (taken.has(key)) continue;
    taken.add(key);
    merged.unshift(option);
  }
  return merged;
}

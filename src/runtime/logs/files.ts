// The files of one log on disk: `container.log`, which the monitor writes, and `container.log.000000001` and on, oldest first.
//
// The monitor begins a new file by opening `container.log.tmp` and renaming it over the live one. So that no file is lost there,
// whatever made it begin anew, that file is laid out for it with a second name, `container.log.next`, which becomes a number when
// it has been taken. The newest numbered file is the live one as a rule.
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';

export interface LogFileEntry {
  readonly path: string;
  /** Infinity for a live file without a number. */
  readonly number: number;
  readonly compressed: boolean;
  /** Bytes on disk. */
  readonly size: number;
  /** Device and inode. */
  readonly identity: string;
}

const DIGITS = 9;
const NUMBERED = /^\.(\d{9,})(\.gz)?$/;

export const numbered = (live: string, number: number): string => `${live}.${String(number).padStart(DIGITS, '0')}`;

/** What the monitor opens next, and the second name that it has until it has been taken. */
export const offered = (live: string): string => `${live}.tmp`;
export const nextName = (live: string): string => `${live}.next`;

/** The file that the monitor has taken and that has no number yet. */
export function takenFile(live: string): LogFileEntry | undefined {
  const next = entryOf(nextName(live), 0, false);
  return next && entryOf(offered(live), 0, false)?.identity === next.identity ? undefined : next;
}

/** Oldest first. The live file is the last, under its number where it has one. */
export function logFiles(live: string): LogFileEntry[] {
  const prefix = basename(live);
  const folder = dirname(live);
  const entries: LogFileEntry[] = [];
  for (const name of namesIn(folder)) {
    const match = name.startsWith(prefix) ? NUMBERED.exec(name.slice(prefix.length)) : undefined;
    const number = Number(match?.[1]);
    const entry = match ? entryOf(`${folder}/${name}`, number, match[2] !== undefined) : undefined;
    if (entry) entries.push(entry);
  }
  // a file and its gzip stand beside each other when a crash came between: the file counts
  entries.sort((a, b) => a.number - b.number || Number(b.compressed) - Number(a.compressed));
  const once = entries.filter(({ number }, at) => entries[at + 1]?.number !== number);
  const taken = takenFile(live);
  if (taken) once.push({ ...taken, number: (once.at(-1)?.number ?? 0) + 1 });
  const named = entryOf(live, Number.POSITIVE_INFINITY, false);
  if (named && once.at(-1)?.identity !== named.identity) once.push(named);
  return once;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function entryOf(path: string, number: number, compressed: boolean): LogFileEntry | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && { path, number, compressed, size: stat.size, identity: `${stat.dev}:${stat.ino}` };
}

// The files of a context in the order in which they are told: directories before what is in them, ignored ones left out.
import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import type { SentEntry } from '../../spec/berth/build.ts';
import { ignoreMatcher } from '../../spec/ignore/index.ts';

/** A path whose bytes are in latin1, as fs takes it. */
export const bytesPath = (path: string): string | Buffer =>
  /[\x80-\xff]/.test(path) ? Buffer.from(path, 'latin1') : path;

const asText = (path: string): string => (/[\x80-\xff]/.test(path) ? Buffer.from(path, 'latin1').toString() : path);

const latin1 = (path: string): string => Buffer.from(path).toString('latin1');

/** Throws what the file system says; a file that goes while it is looked at is left out. */
export function* walk(root: string, exclude: readonly string[]): Generator<SentEntry, void, undefined> {
  const matcher = ignoreMatcher(exclude);
  const top = latin1(root);
  /** Files with several names: the one that was told first. */
  const names = new Map<string, string>();
  /** Ignored directories above, which are told when something in them is kept. */
  function* below(directory: string, waiting: readonly SentEntry[]): Generator<SentEntry, boolean, undefined> {
    const found = readdirSync(bytesPath(directory === '' ? top : `${top}/${directory}`), { encoding: 'latin1' }).sort();
    let pending = waiting;
    for (const name of found) {
      const path = directory === '' ? name : `${directory}/${name}`;
      const out = !matcher.empty && matcher.ignores(asText(path));
      const mayKeep = out && matcher.hasExceptions && matcher.mayKeepBelow(asText(path));
      if (out && !mayKeep) continue;
      let stat: Stats;
      try {
        stat = lstatSync(bytesPath(`${top}/${path}`));
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') continue;
        throw error;
      }
      const entry = entryOf(`${top}/${path}`, path, stat, out ? undefined : names);
      if (!entry) continue;
      if (!out) {
        yield* pending;
        pending = [];
        yield entry;
        if (stat.isDirectory()) yield* below(path, []);
      } else if (stat.isDirectory() && (yield* below(path, [...pending, entry]))) pending = [];
    }
    return pending !== waiting || waiting.length === 0;
  }
  yield* below('', []);
}

function entryOf(
  full: string,
  path: string,
  stat: Stats,
  names: Map<string, string> | undefined,
): SentEntry | undefined {
  const type = stat.isFile() ? 'f' : stat.isDirectory() ? 'd' : stat.isSymbolicLink() ? 'l' : stat.isFIFO() ? 'p' : '';
  // sockets and devices are no part of a context
  if (type === '') return undefined;
  const link = type === 'l' ? readlinkSync(bytesPath(full), { encoding: 'latin1' }) : firstName(path, stat, names);
  return [type, path, stat.mode & 0o7777, type === 'f' ? stat.size : 0, String(Math.round(stat.mtimeMs * 1e6)), link];
}

/** Of a file that was told under another name: that one. */
function firstName(path: string, stat: Stats, names: Map<string, string> | undefined): string {
  if (!names || !stat.isFile() || stat.nlink < 2) return '';
  const inode = `${stat.dev}:${stat.ino}`;
  const first = names.get(inode);
  if (first === undefined) names.set(inode, path);
  return first ?? '';
}

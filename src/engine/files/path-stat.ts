// What a client hears of a file that it asked for: the kind and mode in Go's bits, the time in RFC 3339. Pure.
import { formatRfc3339 } from '../../base/timestamp.ts';
import type { FileStat } from '../../host/sandbox/index.ts';
import { textOf } from './bytes.ts';

/** The JSON in the `X-Docker-Container-Path-Stat` header. */
export interface PathStat {
  readonly name: string;
  readonly size: number;
  /** Go's os.FileMode. */
  readonly mode: number;
  readonly mtime: string;
  readonly linkTarget: string;
}

/** Kinds of stat(2) and what Go has for them. */
const KINDS: ReadonlyMap<number, number> = new Map([
  [0o040000, 2 ** 31],
  [0o120000, 2 ** 27],
  [0o060000, 2 ** 26],
  [0o010000, 2 ** 25],
  [0o140000, 2 ** 24],
  [0o020000, 2 ** 26 + 2 ** 21],
]);

export function goMode(mode: number): number {
  return (
    (KINDS.get(mode & 0o170000) ?? 0) +
    (mode & 0o4000 ? 2 ** 23 : 0) +
    (mode & 0o2000 ? 2 ** 22 : 0) +
    (mode & 0o1000 ? 2 ** 20 : 0) +
    (mode & 0o777)
  );
}

export function pathStat(stat: FileStat): PathStat {
  return {
    name: textOf(stat.name),
    size: stat.size,
    mode: goMode(stat.mode),
    mtime: formatRfc3339(stat.mtime),
    linkTarget: textOf(stat.target),
  };
}

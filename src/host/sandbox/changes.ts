// What an overlay's upper directory changes in the layers below: read by a thread that sees them as `/0` (upper), `/1` (topmost) …
import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import { isErrno } from '../../base/errors.ts';
import { getXattr } from './kernel.ts';
import { fsPath } from './tar/inside-path.ts';
import { isOpaque } from './unpack.ts';

export type ChangeKind = 'modified' | 'added' | 'deleted';

export interface Change {
  /** From the root, bytes in latin1. */
  readonly path: string;
  readonly kind: ChangeKind;
}

export interface Changes {
  /** Sorted by path. */
  readonly changes: Change[];
  /** Paths of the upper directory that change nothing, with all below them. */
  readonly unchanged: string[];
}

/** `layers` are below the upper directory. `placeholders` are paths that do not count while they are new and empty. */
export function changes(layers: number, placeholders: readonly string[]): Changes {
  const walk = new Walk(new Set(placeholders));
  walk.directory(
    '',
    Array.from({ length: layers }, (_, index) => index + 1),
    false,
  );
  walk.changes.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { changes: walk.changes, unchanged: walk.unchanged };
}

class Walk {
  readonly changes: Change[] = [];
  readonly unchanged: string[] = [];
  readonly #placeholders: ReadonlySet<string>;

  constructor(placeholders: ReadonlySet<string>) {
    this.#placeholders = placeholders;
  }

  /** `lowers` are the layers whose directory of this path is below it; true when something in it changed. */
  directory(path: string, lowers: readonly number[], replaced: boolean): boolean {
    const before = this.changes.length;
    const names = namesIn(`/0${path}`);
    const opaque = replaced || isOpaque(`/0${path}`);
    for (const name of names) this.#entry(`${path}/${name}`, lowers, opaque);
    if (opaque) this.#deletedIn(path, lowers, new Set(names));
    return this.changes.length > before;
  }

  #entry(path: string, lowers: readonly number[], opaque: boolean): void {
    const stat = lstat(`/0${path}`);
    if (!stat) return;
    const below = lowerOf(path, lowers);
    if (isWhiteout(stat)) {
      if (below) this.#report(path, 'deleted');
      return;
    }
    const inner = (): boolean => stat.isDirectory() && this.directory(path, below?.layers ?? [], opaque);
    if (!below) {
      const counts = !this.#isPlaceholder(path, stat);
      if (counts) this.#report(path, 'added');
      if (!inner() && !counts) this.unchanged.push(path);
      return;
    }
    if (below.stat.isDirectory() && !stat.isDirectory()) this.#deletedIn(path, below.layers, new Set());
    const innerChanged = inner();
    if (innerChanged || differs(`/0${path}`, stat, below)) this.#report(path, 'modified');
    else this.unchanged.push(path);
  }

  /** What the lower layers have in a directory and the upper one hides. */
  #deletedIn(path: string, lowers: readonly number[], kept: ReadonlySet<string>): void {
    const names = new Set(lowers.flatMap((layer) => namesIn(`/${layer}${path}`)));
    for (const name of names)
      if (!kept.has(name) && lowerOf(`${path}/${name}`, lowers)) this.#report(`${path}/${name}`, 'deleted');
  }

  #isPlaceholder(path: string, stat: BigIntStats): boolean {
    return (
      this.#placeholders.has(path) &&
      (stat.isDirectory() || (stat.isFile() && stat.size === 0n) || stat.isSymbolicLink())
    );
  }

  #report(path: string, kind: ChangeKind): void {
    this.changes.push({ path, kind });
  }
}

interface Lower {
  readonly at: string;
  readonly stat: BigIntStats;
  /** For a directory: the layers that have a part of it. */
  readonly layers: readonly number[];
}

/** What the layers, topmost first, show together at a path. */
function lowerOf(path: string, lowers: readonly number[]): Lower | undefined {
  let first: { at: string; stat: BigIntStats } | undefined;
  const layers: number[] = [];
  for (const layer of lowers) {
    const at = `/${layer}${path}`;
    const stat = lstat(at);
    if (!stat) continue;
    if (isWhiteout(stat)) break;
    if (first && !stat.isDirectory()) break;
    first ??= { at, stat };
    if (!stat.isDirectory()) break;
    layers.push(layer);
    if (isOpaque(at)) break;
  }
  return first && { ...first, layers };
}

/** Size and time of a directory say nothing: they change with what is in it. */
function differs(at: string, now: BigIntStats, before: Lower): boolean {
  const was = before.stat;
  if (now.mode !== was.mode || now.uid !== was.uid || now.gid !== was.gid || now.rdev !== was.rdev) return true;
  if (!now.isDirectory() && (now.mtimeNs !== was.mtimeNs || now.size !== was.size)) return true;
  return now.isFile() && getXattr(at, 'security.capability') !== getXattr(before.at, 'security.capability');
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(fsPath(path), { encoding: 'latin1' });
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

function lstat(path: string): BigIntStats | undefined {
  try {
    return lstatSync(fsPath(path), { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (isErrno(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

function isWhiteout(stat: BigIntStats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0n;
}

// Which files of a tree a COPY means: paths and patterns against what is there. Pure.
import { dropEnds } from '../../base/ends.ts';
import type { Manifest, ManifestEntry } from '../../host/sandbox/index.ts';
import { ignoreMatcher } from '../../spec/ignore/index.ts';
import { MissingSource } from '../model/failure.ts';
import { wildcard } from './match.ts';

export interface Selected {
  readonly isDirectory: boolean;
  /** Last name of the source as it was asked for. */
  readonly name: string;
  /** Path of the directory whose content this is; undefined for a file, and where nothing stands for the destination itself. */
  readonly top?: string;
  /** Path in the tree, and below the destination; directories before what is in them. */
  readonly entries: readonly { readonly path: string; readonly to: string; readonly entry: ManifestEntry }[];
}

const MAX_LINKS = 255;
/** Of a part of a path. A backslash makes no pattern by itself, and what it stands before does not either. */
const isPattern = (part: string): boolean => /[*?[]/.test(part.replaceAll(/\\./gs, ''));

/** What a source leads to; one that is not there throws invalid in Docker's words. A pattern may mean several, or none. */
export function select(
  manifest: Manifest,
  source: string,
  options: { readonly exclude: readonly string[]; readonly parents: boolean },
): Selected[] {
  const tree = new Tree(manifest);
  const matcher = ignoreMatcher(options.exclude);
  const excluded = (path: string): boolean => matcher.ignores(path);
  const found = tree.expand(source, options.parents);
  return found.flatMap(({ path, shown }) => {
    const real = tree.follow(path);
    const entry = real === '' ? DIRECTORY : real === undefined ? undefined : manifest.get(real);
    if (real === undefined || !entry) throw new MissingSource(source);
    const name = shown.slice(shown.lastIndexOf('/') + 1);
    if (options.parents) return [withParents(tree, real, shown, entry, excluded)];
    if (entry.type !== 'directory') {
      if (excluded(name)) return [];
      return [{ isDirectory: false, name, entries: [{ path: `/${real}`, to: '', entry }] }];
    }
    const entries = tree
      .below(real)
      .map((inner) => ({ inner, to: real === '' ? inner : inner.slice(real.length + 1) }))
      .filter(({ to }) => !excluded(to))
      .map(({ inner, to }) => ({ path: `/${inner}`, to, entry: manifest.get(inner) as ManifestEntry }));
    return [{ isDirectory: true, name, top: `/${real}`, entries }];
  });
}

/** `--parents`: everything keeps its path, up to a `/./` in the source. */
function withParents(
  tree: Tree,
  real: string,
  shown: string,
  entry: ManifestEntry,
  excluded: (path: string) => boolean,
): Selected {
  const pivot = shown.indexOf('/./');
  const from = pivot < 0 ? 0 : pivot + 3;
  const clean = (path: string): string => path.replaceAll('/./', '/');
  const root = pivot < 0 ? '' : clean(shown.slice(0, pivot));
  const below = (path: string): string => (root === '' ? path : path.slice(root.length + 1));
  const kept = clean(shown.slice(from));
  const parents = kept
    .split('/')
    .slice(0, -1)
    .map((_, index, all) => all.slice(0, index + 1).join('/'));
  const paths = [
    ...parents.map((path) => (root === '' ? path : `${root}/${path}`)),
    ...(real === '' ? [] : [real]),
    ...(entry.type === 'directory' ? tree.below(real) : []),
  ];
  const entries = paths
    .filter((path) => tree.manifest.has(path) && !excluded(below(path)))
    .map((path) => ({ path: `/${path}`, to: below(path), entry: tree.manifest.get(path) as ManifestEntry }));
  return { isDirectory: true, name: '', entries };
}

const DIRECTORY: ManifestEntry = { type: 'directory', mode: 0o755, size: 0, sha256: '', linkname: '' };

class Tree {
  readonly manifest: Manifest;
  #sorted: string[] | undefined;

  constructor(manifest: Manifest) {
    this.manifest = manifest;
  }

  get #names(): string[] {
    this.#sorted ??= [...this.manifest.keys()].sort();
    return this.#sorted;
  }

  /** Everything below a directory, parents first. */
  below(path: string): string[] {
    if (path === '') return [...this.#names].sort(byParts);
    const prefix = `${path}/`;
    const names = this.#names;
    let at = lowerBound(names, prefix);
    const found: string[] = [];
    for (; at < names.length && names[at]?.startsWith(prefix); at += 1) found.push(names[at] as string);
    return found.sort(byParts);
  }

  /** Paths that a pattern means, in order; the path itself when it is none. */
  expand(source: string, parents: boolean): { path: string; shown: string }[] {
    const path = dropEnds(source, '/');
    const clean = path
      .split('/')
      .filter((part) => part !== '.' && part !== '')
      .join('/');
    const parts = clean.split('/');
    const first = parts.findIndex(isPattern);
    if (first < 0) return [{ path: clean, shown: parents ? path : clean }];
    // links before the pattern are followed, those in it are not
    const root = parents ? '' : this.follow(parts.slice(0, first).join('/'));
    if (root === undefined) throw new MissingSource(`/${parts.slice(0, first).join('/')}`);
    const prefix = root === '' ? '' : `${root}/`;
    const matches = wildcard(parents ? clean : parts.slice(first).join('/'), parents);
    return this.#names
      .filter((name) => name.startsWith(prefix) && matches(name.slice(prefix.length)))
      .map((name) => ({ path: name, shown: name }));
  }

  /** The path without symbolic links on the way or at its end; undefined when nothing is there. */
  follow(path: string): string | undefined {
    const todo = path.split('/').reverse();
    let at = '';
    let links = 0;
    for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        at = at.slice(0, Math.max(0, at.lastIndexOf('/')));
        continue;
      }
      const next = at === '' ? part : `${at}/${part}`;
      const entry = this.manifest.get(next);
      if (!entry) return undefined;
      if (entry.type !== 'symlink') {
        at = next;
        continue;
      }
      links += 1;
      if (links > MAX_LINKS) return undefined;
      if (entry.linkname.startsWith('/')) at = '';
      todo.push(...entry.linkname.split('/').reverse());
    }
    return at;
  }
}

/** So that a directory comes before what is in it. */
function byParts(a: string, b: string): number {
  const left = a.replaceAll('/', '\0');
  const right = b.replaceAll('/', '\0');
  return left < right ? -1 : left > right ? 1 : 0;
}

function lowerBound(names: readonly string[], text: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((names[middle] as string) < text) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Files of clients that are kept from one build to the next, so that only what changed is sent again.
//
//   <root>/<16 hex of the key>.<n>/         0700  the files
//   <root>/<16 hex of the key>.<n>.json     0600  what they are; away while the files are being changed, and then they are not trusted
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { ManifestEntry } from '../../host/sandbox/index.ts';

/** Trees on disk; the one that was not used for longest goes first. */
const MAX_TREES = 32;
/** Entries stay in memory for so long after a build, milliseconds. */
const REMEMBER_MS = 30_000;

/** What a kept file was when it was sent. */
export interface KeptEntry extends ManifestEntry {
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since 1970, as text: what it is compared with is read as a number of 64 bits. */
  readonly modTime: string;
  readonly major: number;
  readonly minor: number;
  /** The file that it is another name of; '' for a file of its own. */
  readonly hardlink: string;
  /** Names to values in latin1. */
  readonly xattrs?: ReadonlyMap<string, string>;
}

export interface HeldTree {
  readonly directory: string;
  /** What is there; empty for a new tree. */
  readonly entries: ReadonlyMap<string, KeptEntry>;
  /** Before the first change. */
  changing(): void;
  /** It holds this now. */
  changed(entries: ReadonlyMap<string, KeptEntry>): void;
  /** Gives it back for the next build. A tree whose change did not end is thrown away. */
  release(): void;
}

interface Tree {
  readonly name: string;
  readonly key: string;
  held: boolean;
  usedAt: number;
  entries: ReadonlyMap<string, KeptEntry> | undefined;
  forget: NodeJS.Timeout | undefined;
}

export interface KeptTree {
  readonly name: string;
  /** Paths of all that is kept for it. */
  readonly files: readonly string[];
  readonly usedAt: number;
  readonly held: boolean;
}

export class Trees {
  readonly #root: string;
  readonly #log: Log;
  readonly #trees = new Map<string, Tree>();
  #next = 1;

  constructor(root: string, log: Log) {
    this.#root = root;
    this.#log = log;
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const names = new Set(readdirSync(root));
    for (const name of names) {
      if (name.endsWith('.json') && names.has(name.slice(0, -5))) {
        const tree = name.slice(0, -5);
        const usedAt = statSync(join(root, name)).mtimeMs;
        this.#trees.set(tree, {
          name: tree,
          key: tree.split('.')[0] ?? '',
          held: false,
          usedAt,
          entries: undefined,
          forget: undefined,
        });
        this.#next = Math.max(this.#next, Number(tree.split('.')[1] ?? 0) + 1);
      }
    }
    // what a daemon that died was writing
    for (const name of names) if (!this.#trees.has(name.replace(/\.json$/, ''))) this.#delete(name);
  }

  /** The tree of that key that is free and was used last, or a new one. */
  hold(name: string): HeldTree {
    const key = createHash('sha256').update(name).digest('hex').slice(0, 16);
    const free = [...this.#trees.values()].filter((one) => one.key === key && !one.held);
    // read before it is held: a list that is not known would pass for an empty directory
    const tree = free.sort((a, b) => b.usedAt - a.usedAt).find((one) => this.#entriesOf(one)) ?? this.#make(key);
    const entries = (tree.entries = this.#entriesOf(tree) ?? new Map<string, KeptEntry>());
    tree.held = true;
    clearTimeout(tree.forget);
    const directory = join(this.#root, tree.name);
    const index = `${directory}.json`;
    let state: 'clean' | 'changing' | 'changed' = 'clean';
    return {
      directory,
      entries,
      changing: () => {
        state = 'changing';
        rmSync(index, { force: true });
      },
      changed: (entries) => {
        state = 'changed';
        tree.entries = entries;
      },
      release: () => {
        if (!tree.held) return;
        tree.held = false;
        tree.usedAt = Date.now();
        if (state === 'changing') {
          this.#drop(tree);
          return;
        }
        if (state === 'changed') this.#write(index, tree.entries ?? new Map());
        else utimesSync(index, new Date(), new Date());
        tree.forget = setTimeout(() => (tree.entries = undefined), REMEMBER_MS).unref();
        this.#limit();
      },
    };
  }

  list(): KeptTree[] {
    return [...this.#trees.values()].flatMap((tree) => {
      const entries = this.#entriesOf(tree);
      if (!entries) return [];
      const directory = join(this.#root, tree.name);
      return [{ name: tree.name, usedAt: tree.usedAt, held: tree.held, files: [directory, `${directory}.json`] }];
    });
  }

  /** Throws away those that nobody holds; true when there was such a one. */
  remove(name: string): boolean {
    const tree = this.#trees.get(name);
    if (!tree || tree.held) return false;
    this.#drop(tree);
    return true;
  }

  #make(key: string): Tree {
    const tree: Tree = {
      name: `${key}.${this.#next}`,
      key,
      held: false,
      usedAt: Date.now(),
      entries: new Map(),
      forget: undefined,
    };
    this.#next += 1;
    mkdirSync(join(this.#root, tree.name), { mode: 0o700 });
    this.#write(join(this.#root, `${tree.name}.json`), new Map());
    this.#trees.set(tree.name, tree);
    return tree;
  }

  /** undefined, and the tree is gone, where its list cannot be read, as after a power loss. */
  #entriesOf(tree: Tree): ReadonlyMap<string, KeptEntry> | undefined {
    if (tree.entries || tree.held) return tree.entries;
    try {
      return this.#read(tree);
    } catch (error) {
      this.#log.warn(`kept files of a client are thrown away: ${messageOf(error)}`);
      this.#drop(tree);
      return undefined;
    }
  }

  #read(tree: Tree): ReadonlyMap<string, KeptEntry> {
    const rows = JSON.parse(readFileSync(join(this.#root, `${tree.name}.json`), 'latin1')) as [
      string,
      Omit<KeptEntry, 'xattrs'> & { readonly xattrs?: Readonly<Record<string, string>> },
    ][];
    return new Map(
      rows.map(([path, { xattrs, ...entry }]) => [
        path,
        xattrs ? { ...entry, xattrs: new Map(Object.entries(xattrs)) } : entry,
      ]),
    );
  }

  #write(index: string, entries: ReadonlyMap<string, KeptEntry>): void {
    const rows = [...entries].map(([path, entry]) => [
      path,
      entry.xattrs ? { ...entry, xattrs: Object.fromEntries(entry.xattrs) } : entry,
    ]);
    writeFileSync(`${index}.new`, JSON.stringify(rows), { encoding: 'latin1', mode: 0o600 });
    renameSync(`${index}.new`, index);
  }

  #limit(): void {
    const free = [...this.#trees.values()].filter((tree) => !tree.held).sort((a, b) => a.usedAt - b.usedAt);
    for (const tree of free.slice(0, Math.max(0, this.#trees.size - MAX_TREES))) this.#drop(tree);
  }

  #drop(tree: Tree): void {
    clearTimeout(tree.forget);
    this.#trees.delete(tree.name);
    this.#delete(`${tree.name}.json`);
    this.#delete(tree.name);
  }

  #delete(name: string): void {
    try {
      rmSync(join(this.#root, name), { recursive: true, force: true });
    } catch (error) {
      this.#log.warn(`kept files of a client: ${messageOf(error)}`);
    }
  }
}

// What has to be done to a kept tree when its client tells what it has now: decided path by path, as the paths come.
import { invalid } from '../../../base/errors.ts';
import type { KeptEntry } from '../../context/trees.ts';
import { checkPath, isSame } from './entry.ts';

/** Files of one context; more are refused. */
export const MAX_ENTRIES = 5_000_000;

/** `keep`: it is there as it is to be. `fetch`: a file whose content is asked for. `later`: a hard link, made when files are there. */
export type Verdict = 'keep' | 'make' | 'fetch' | 'later' | 'times';

export interface Decided {
  readonly verdict: Verdict;
  /** Something of another type is in the way and goes first. */
  readonly replaces: boolean;
}

export class TreePlan {
  readonly #before: ReadonlyMap<string, KeptEntry>;
  /** What the tree will hold, in the order of the client. */
  readonly entries = new Map<string, KeptEntry>();
  /** Directories whose times have to be set at the end, since something in them changes. */
  readonly touched = new Set<string>();
  readonly #changed = new Set<string>();

  constructor(before: ReadonlyMap<string, KeptEntry>) {
    this.#before = before;
  }

  /** Throws for a path that has no place in a tree, or no directory to be in. */
  decide(path: string, sent: KeptEntry): Decided {
    checkPath(path);
    const parent = parentOf(path);
    if (parent !== '' && this.entries.get(parent)?.type !== 'directory')
      throw invalid(`changes out of order in the files of the client: ${JSON.stringify(path)}`);
    if (this.entries.has(path)) throw invalid(`the client sent ${JSON.stringify(path)} twice`);
    if (this.entries.size >= MAX_ENTRIES) throw invalid(`the client has more than ${MAX_ENTRIES} files`);
    const kept = this.#before.get(path);
    const replaces = kept !== undefined && kept.type !== sent.type;
    if (sent.hardlink !== '') {
      if (this.entries.get(sent.hardlink)?.type !== 'file')
        throw invalid(`${JSON.stringify(path)} is a hard link to ${JSON.stringify(sent.hardlink)}, which is no file`);
      this.entries.set(path, sent);
      if (kept && isSame(kept, sent) && !this.#changed.has(sent.hardlink)) return { verdict: 'keep', replaces };
      this.#touch(path, parent);
      return { verdict: 'later', replaces };
    }
    if (kept && isSame(kept, sent)) {
      if (kept.type === 'directory' && kept.modTime !== sent.modTime) {
        this.entries.set(path, sent);
        this.touched.add(path);
        return { verdict: 'times', replaces };
      }
      this.entries.set(path, kept);
      return { verdict: 'keep', replaces };
    }
    this.entries.set(path, sent);
    this.#touch(path, parent);
    if (sent.type === 'directory') this.touched.add(path);
    return { verdict: sent.type === 'file' ? 'fetch' : 'make', replaces };
  }

  #touch(path: string, parent: string): void {
    this.#changed.add(path);
    if (parent !== '') this.touched.add(parent);
  }

  /** Names of one file have one content. */
  settleLinks(): void {
    for (const [path, entry] of this.entries) {
      const file = entry.hardlink === '' ? undefined : this.entries.get(entry.hardlink);
      if (file) this.entries.set(path, { ...entry, sha256: file.sha256, size: file.size });
    }
  }

  /** A file's content has come. */
  fetched(path: string, sha256: string, size: number): void {
    const entry = this.entries.get(path);
    if (entry) this.entries.set(path, { ...entry, sha256, size });
  }

  /** What was there and is no more, without what lies in something that goes anyway. */
  removed(): string[] {
    const gone: string[] = [];
    let top: string | undefined;
    for (const path of this.#before.keys()) {
      if (this.entries.has(path) || (top !== undefined && path.startsWith(`${top}/`))) continue;
      top = path;
      const parent = parentOf(path);
      // its directory became something else, and took it along
      if (parent !== '' && this.entries.has(parent) && this.entries.get(parent)?.type !== 'directory') continue;
      if (parent !== '') this.touched.add(parent);
      gone.push(path);
    }
    return gone;
  }
}

function parentOf(path: string): string {
  const at = path.lastIndexOf('/');
  return at < 0 ? '' : path.slice(0, at);
}

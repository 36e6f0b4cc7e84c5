// Directories of `RUN --mount=type=cache`: kept from build to build, shared as each asks for.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { conflict, notFound } from '../../base/errors.ts';
import { sha256 } from '../../base/ids.ts';
import { rfc3339 } from '../../base/clock.ts';
import { packTar, unpackTar } from '../../host/sandbox/index.ts';
import { decompress, peekCompression, type RecordTable } from '../../store/index.ts';

export interface CacheMountRecord {
  readonly key: string;
  readonly id: string;
  /** Number of this copy: private mounts that are used at once have one each. */
  readonly number: number;
  readonly created: string;
  readonly used: string;
  readonly uses: number;
}

export interface HeldMount extends Disposable {
  readonly directory: string;
  /** Nothing was in it yet. */
  readonly isNew: boolean;
}

export class CacheMounts {
  readonly #root: string;
  readonly #table: RecordTable<CacheMountRecord>;
  readonly #records: Map<string, CacheMountRecord>;
  readonly #users = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(root: string, table: RecordTable<CacheMountRecord>) {
    this.#root = root;
    this.#table = table;
    this.#records = table.load();
    mkdirSync(root, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(root))
      if (!this.#records.has(name)) rmSync(join(root, name), { recursive: true, force: true });
  }

  /** `base` names what the directory begins with; another beginning is another directory. Locked ones are waited for. */
  async take(
    id: string,
    base: string,
    sharing: 'shared' | 'private' | 'locked',
    owner: { readonly uid: number; readonly gid: number; readonly mode: number },
    signal: AbortSignal,
  ): Promise<HeldMount> {
    const key = sha256(`${id}\0${base}`).slice(7, 31);
    let number = 0;
    if (sharing === 'private') while (this.#users.has(`${key}-${number}`)) number += 1;
    const name = `${key}-${number}`;
    if (sharing === 'locked') while (this.#users.has(name)) await this.#released(name, signal);
    const before = this.#records.get(name);
    const directory = join(this.#root, name);
    const now = rfc3339();
    this.#users.set(name, (this.#users.get(name) ?? 0) + 1);
    const record: CacheMountRecord = before
      ? { ...before, used: now, uses: before.uses + 1 }
      : { key: name, id, number, created: now, used: now, uses: 1 };
    this.#records.set(name, record);
    this.#table.put(name, record);
    if (!before) mkdirSync(directory, { recursive: true, mode: owner.mode });
    return { directory, isNew: !before, [Symbol.dispose]: () => this.#release(name) };
  }

  async #released(name: string, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const stop = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('cancelled'));
      if (signal.aborted) return stop();
      signal.addEventListener('abort', stop, { once: true });
      const list = this.#waiting.get(name) ?? [];
      this.#waiting.set(name, list);
      list.push(() => {
        signal.removeEventListener('abort', stop);
        resolve();
      });
    });
  }

  #release(name: string): void {
    const count = (this.#users.get(name) ?? 1) - 1;
    if (count > 0) {
      this.#users.set(name, count);
      return;
    }
    this.#users.delete(name);
    const waiting = this.#waiting.get(name) ?? [];
    this.#waiting.delete(name);
    for (const wake of waiting) wake();
  }

  all(): CacheMountRecord[] {
    return [...this.#records.values()];
  }

  isUsed(name: string): boolean {
    return this.#users.has(name);
  }

  /** By its key, or by the id of the mount when one directory alone has that. Throws notFound, or conflict. */
  find(text: string): CacheMountRecord {
    const byKey = this.#records.get(text);
    if (byKey) return byKey;
    const found = this.all().filter(({ id }) => id === text);
    if (found.length > 1)
      throw conflict(`several cache mounts have the id ${text}: ${found.map(({ key }) => key).join(', ')}`);
    const [one] = found;
    if (!one) throw notFound(`no cache mount ${text}`);
    return one;
  }

  /** Its files as an archive; nobody who wants it for himself has it meanwhile. */
  async *archive(text: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
    const { key } = this.find(text);
    while (this.#users.has(key)) await this.#released(key, signal);
    this.#users.set(key, 1);
    try {
      yield* packTar(join(this.#root, key), { whiteouts: 'literal' }, signal);
    } finally {
      this.#release(key);
    }
  }

  /** The files of an archive in place of what the mount of that id had. Nothing is changed when the archive is not whole. */
  async fill(id: string, archive: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<CacheMountRecord> {
    const fresh = join(this.#root, `+${randomBytes(8).toString('hex')}`);
    mkdirSync(fresh, { mode: 0o755 });
    try {
      const { compression, stream } = await peekCompression(archive);
      await unpackTar(fresh, decompress(stream, compression), { whiteouts: 'literal' }, signal);
      using held = await this.take(id, '', 'locked', { uid: 0, gid: 0, mode: 0o755 }, signal);
      rmSync(held.directory, { recursive: true, force: true });
      renameSync(fresh, held.directory);
      return this.#records.get(basename(held.directory)) ?? this.find(id);
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  }

  directory(name: string): string {
    return join(this.#root, name);
  }

  remove(name: string): void {
    if (this.#users.has(name)) return;
    this.#records.delete(name);
    this.#table.delete(name);
    rmSync(join(this.#root, name), { recursive: true, force: true });
  }
}

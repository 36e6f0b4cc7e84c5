// The archive that a classic client sends, unpacked by a confined thread: a build context.
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { type Manifest, unpackTar } from '../../host/sandbox/index.ts';
import { ignoreMatcher } from '../../spec/ignore/index.ts';
import { decompress, peekCompression } from '../../store/index.ts';
import { readBelow } from './read.ts';
import type { ContextSource, ContextTree, Report, SyncRequest } from '../model/request.ts';

export class TarContext implements ContextSource, AsyncDisposable {
  readonly label = 'build context';
  readonly #directory: string;
  readonly #archive: AsyncIterable<Uint8Array>;
  #unpacked: Promise<Manifest> | undefined;
  /** The Dockerfile and what says which files stay out: a client has to send them whatever that is. */
  readonly #read = new Set<string>();

  constructor(folder: string, archive: AsyncIterable<Uint8Array>) {
    this.#directory = join(folder, randomBytes(8).toString('hex'));
    this.#archive = archive;
  }

  #unpack(signal: AbortSignal): Promise<Manifest> {
    this.#unpacked ??= (async () => {
      mkdirSync(this.#directory, { recursive: true, mode: 0o755 });
      const { compression, stream } = await peekCompression(this.#archive);
      const plain = decompress(stream, compression);
      const options = { whiteouts: 'literal', owner: { uid: 0, gid: 0 }, manifest: true } as const;
      const { manifest } = await unpackTar(this.#directory, plain, options, signal);
      return manifest ?? new Map();
    })();
    return this.#unpacked;
  }

  async readFile(path: string, limit: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    await this.#unpack(signal);
    this.#read.add(posix.normalize(path).replace(/^\/+/, ''));
    return readBelow(this.#directory, path, limit);
  }

  /** The client left out what .dockerignore says, but for the files that it had to send. */
  async sync(asked: SyncRequest, _report: Report, signal: AbortSignal): Promise<ContextTree> {
    const manifest = new Map(await this.#unpack(signal));
    const matcher = ignoreMatcher(asked.exclude);
    for (const path of this.#read) if (matcher.ignores(path)) manifest.delete(path);
    return { directory: this.#directory, manifest, [Symbol.asyncDispose]: async () => undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#unpacked?.catch(() => undefined);
    await rm(this.#directory, { recursive: true, force: true });
  }
}

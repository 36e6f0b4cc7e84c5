// The files of a layer's archive: path, kind, size and a hash of each, and the package database where it holds one.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { tooLarge } from '../../base/errors.ts';
import { BLOCK, TarError } from '../../host/sandbox/tar/entry.ts';
import { entryOf, flagOf, parseLong, parsePax, sizeOf, verifyChecksum } from '../../host/sandbox/tar/header.ts';

export interface LayerFile {
  /** Without a slash at either end. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'link' | 'other' | 'removed' | 'emptied';
  /** Bytes, unpacked. */
  readonly size: number;
  /** Changes with the content, or with where a link leads; '' for what has none. */
  readonly mark: string;
}

export interface LayerListing {
  readonly files: readonly LayerFile[];
  /** The package database of dpkg as it is in this layer: one text of all its files; '' when there is none. */
  readonly packages: string;
}

/** Files of one layer, unpacked bytes of it, and bytes of a package database that are looked at. */
export const MAX_FILES = 200_000;
const MAX_UNPACKED = 16 * 1024 ** 3;
const MAX_PACKAGES = 32 * 1024 * 1024;
/** Long names and PAX records above this are refused. */
const MAX_META = 1024 * 1024;

const PACKAGE_FILES = /^var\/lib\/dpkg\/(?:status|status\.d\/[^/]+)$/;

/** Throws tooLarge, and TarError for what is no archive. */
export async function listLayer(source: Readable): Promise<LayerListing> {
  const files: LayerFile[] = [];
  const databases: string[] = [];
  let bytes = 0;
  const reader = new Pieces(await unpacked(source));
  try {
    let meta = { path: '', link: '', pax: undefined as Map<string, string> | undefined };
    for (;;) {
      const block = await reader.exactly(BLOCK);
      if (!block || block.every((byte) => byte === 0)) break;
      verifyChecksum(block);
      const flag = flagOf(block);
      const size = sizeOf(block);
      if (flag !== 'entry') {
        if (size > MAX_META) throw new TarError('archive/tar: header field too long');
        const body = Buffer.from((await reader.exactly(size)) ?? []);
        await reader.pass(padding(size));
        if (flag === 'pax') meta.pax = parsePax(body);
        else if (flag === 'longname') meta.path = parseLong(body);
        else if (flag === 'longlink') meta.link = parseLong(body);
        continue;
      }
      const entry = entryOf(block, meta.pax);
      const path = cleanPath(meta.path || entry.name);
      const link = meta.link || entry.linkname;
      meta = { path: '', link: '', pax: undefined };
      if (files.length >= MAX_FILES) throw tooLarge(`the layer has more than ${MAX_FILES} files`);
      const isDatabase = entry.type === 'file' && PACKAGE_FILES.test(path) && entry.size <= MAX_PACKAGES - bytes;
      const hash = createHash('sha256');
      const kept: Buffer[] = [];
      await reader.pass(entry.size, (piece) => {
        hash.update(piece);
        if (isDatabase) kept.push(Buffer.from(piece));
      });
      await reader.pass(padding(entry.size));
      if (isDatabase) {
        bytes += entry.size;
        databases.push(Buffer.concat(kept).toString('utf8'));
      }
      if (path === '') continue;
      const mark = entry.type === 'file' ? hash.digest('hex').slice(0, 16) : '';
      files.push(fileOf(path, entry.type, entry.size, mark, link));
    }
  } finally {
    reader.close();
  }
  return { files, packages: databases.join('\n\n') };
}

/** Whiteouts of the OCI format become what they say. */
function fileOf(path: string, type: string, size: number, mark: string, link: string): LayerFile {
  const slash = path.lastIndexOf('/') + 1;
  const name = path.slice(slash);
  if (name === '.wh..wh..opq')
    return { path: path.slice(0, Math.max(slash - 1, 0)), type: 'emptied', size: 0, mark: '' };
  if (name.startsWith('.wh.'))
    return { path: path.slice(0, slash) + name.slice(4), type: 'removed', size: 0, mark: '' };
  switch (type) {
    case 'file':
      return { path, type, size, mark };
    case 'directory':
      return { path, type, size: 0, mark: '' };
    case 'symlink':
    case 'link':
      return { path, type, size: 0, mark: Buffer.from(link, 'latin1').toString('utf8') };
    default:
      return { path, type: 'other', size: 0, mark: '' };
  }
}

function cleanPath(name: string): string {
  return Buffer.from(name, 'latin1')
    .toString('utf8')
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

/** By its first bytes, since media types of old images say little. */
async function unpacked(source: Readable): Promise<AsyncIterable<Buffer>> {
  const pieces = source[Symbol.asyncIterator]() as AsyncIterableIterator<Buffer>;
  let first = Buffer.alloc(0);
  while (first.length < 4) {
    const { value, done } = await pieces.next();
    if (done) break;
    first = Buffer.concat([first, value]);
  }
  const whole = Readable.from(rejoin(first, pieces), { objectMode: false });
  const magic = first.subarray(0, 4).toString('hex');
  const through = magic.startsWith('1f8b') ? createGunzip() : magic === '28b52ffd' ? createZstdDecompress() : undefined;
  if (!through) return bounded(whole);
  whole.once('error', (error) => through.destroy(error));
  through.once('close', () => whole.destroy());
  return bounded(whole.pipe(through));
}

async function* rejoin(first: Buffer, rest: AsyncIterableIterator<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  yield* rest;
}

async function* bounded(source: Readable): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const piece of source as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > MAX_UNPACKED) throw tooLarge(`the layer unpacks to more than ${MAX_UNPACKED} bytes`);
    yield piece;
  }
}

const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

/** A stream in pieces of the lengths that are asked for. */
class Pieces {
  readonly #source: AsyncIterator<Buffer>;
  #piece: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** undefined when the stream is at its end. Throws TarError when it ends within. */
  async exactly(count: number): Promise<Buffer | undefined> {
    if (this.#piece.length < count) {
      const parts: Buffer[] = [];
      const had = await this.pass(count, (piece) => parts.push(Buffer.from(piece)), true);
      return had === 0 && count > 0 ? undefined : Buffer.concat(parts);
    }
    const found = this.#piece.subarray(0, count);
    this.#piece = this.#piece.subarray(count);
    return found;
  }

  async pass(count: number, each?: (piece: Buffer) => void, mayEnd = false): Promise<number> {
    let left = count;
    while (left > 0) {
      if (this.#piece.length === 0) {
        const { value, done } = await this.#source.next();
        if (done) {
          if (mayEnd && left === count) return 0;
          throw new TarError('unexpected EOF');
        }
        this.#piece = value;
        continue;
      }
      const part = this.#piece.subarray(0, left);
      each?.(part);
      this.#piece = this.#piece.subarray(part.length);
      left -= part.length;
    }
    return count;
  }

  close(): void {
    void this.#source.return?.()?.then(undefined, () => undefined);
  }
}

// Reads a tar archive from a blocking source, one entry at a time, in constant memory.
import { BLOCK, INVALID, type TarEntry, TarError } from './entry.ts';
import { entryOf, flagOf, parseLong, parsePax, sizeOf, verifyChecksum } from './header.ts';
import { checkMap, type Pax, readMap, type SparseHeader, sparseHeader, SparsePosition } from './sparse.ts';

/** PAX headers and long names above this are refused, as Go's reader does. */
const MAX_META = 1024 * 1024;
/** What holes are read as. */
const ZEROS = Buffer.alloc(64 * 1024);

/** Where the bytes come from. `next` blocks; what it returned stays valid until the next call; undefined is the end. */
export interface ByteSource {
  next(): Buffer | undefined;
}

/**
 * An own reader, since tar-stream is asynchronous: the confined worker may only make synchronous calls, and a promise for
 * each entry would cost more than the file does.
 */
export class TarReader {
  readonly #source: ByteSource;
  readonly #onRaw: ((bytes: Buffer) => void) | undefined;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Bytes of the current entry that were not read yet, and the padding after them. */
  #left = 0;
  #padding = 0;
  /** Only while the current entry is a file with holes. */
  #sparse: SparsePosition | undefined;

  /** `onRaw` gets every byte of the source, in order, but those that `data` returns of files without holes. */
  constructor(source: ByteSource, onRaw?: (bytes: Buffer) => void) {
    this.#source = source;
    this.#onRaw = onRaw;
  }

  /** The next entry, after skipping what is left of the one before; undefined at the end of the archive. */
  next(): TarEntry | undefined {
    this.#skip(this.#left, false);
    // who never ends an archive leaves out what would fill its last block, as Docker's client does when it adds a Dockerfile
    this.#skip(this.#padding, true);
    this.#left = 0;
    this.#padding = 0;
    this.#sparse = undefined;
    let pax: Map<string, string> | undefined;
    let long = new Map<string, string>();
    let started = false;
    for (;;) {
      const block = this.#exactly(BLOCK, !started);
      if (block === undefined || isZero(block)) {
        if (started) throw new TarError('unexpected EOF');
        if (block) this.#end();
        return undefined;
      }
      verifyChecksum(block);
      const flag = flagOf(block);
      if (flag === 'entry') {
        // Docker takes a long name before a path of PAX, wherever it stands
        if (long.size > 0) pax = new Map([...(pax ?? []), ...long]);
        const sparse = sparseHeader(block, pax);
        if (sparse?.name) pax?.set('path', sparse.name);
        const entry = entryOf(block, pax);
        this.#left = entry.size;
        this.#padding = padding(entry.size);
        if (sparse) this.#openSparse(entry, sparse, block, pax);
        return entry;
      }
      started = true;
      const size = sizeOf(block);
      if (size > MAX_META) throw new TarError('archive/tar: header field too long');
      const body = Buffer.from(this.#exactly(size + padding(size), false) ?? []).subarray(0, size);
      if (flag === 'global') {
        // records for all members are no more than read, as Docker does: an image has the same files here and there
        parsePax(body);
        pax = undefined;
        long = new Map();
        started = false;
      } else if (flag === 'pax') pax = parsePax(body);
      else long.set(flag === 'longname' ? 'path' : 'linkpath', parseLong(body));
    }
  }

  /** After one block of zeros: there is another or nothing. Else members would be behind the end, where not all look for them. */
  #end(): void {
    const block = this.#exactly(BLOCK, true);
    if (block && !isZero(block)) throw new TarError(INVALID);
  }

  /** The next bytes of the current entry, undefined after its last; holes are zeros. Valid until the next call. */
  data(): Buffer | undefined {
    const sparse = this.#sparse;
    if (!sparse) return this.#stored(this.#left);
    const hole = Math.min(sparse.hole(), ZEROS.length);
    const view = hole > 0 ? ZEROS.subarray(0, hole) : this.#stored(sparse.stored());
    if (!view) return undefined;
    sparse.pass(view.length);
    if (hole === 0) this.#onRaw?.(view);
    return view;
  }

  /** Passes over the hole that comes next; how long it is, 0 where there is none. */
  hole(): number {
    const length = this.#sparse?.hole() ?? 0;
    this.#sparse?.pass(length);
    return length;
  }

  /** At most so many bytes of what the archive holds of the current entry. */
  #stored(most: number): Buffer | undefined {
    if (most === 0) return undefined;
    if (this.#at === this.#chunk.length && !this.#fill()) throw new TarError('unexpected EOF');
    const end = Math.min(this.#chunk.length, this.#at + most);
    const view = this.#chunk.subarray(this.#at, end);
    this.#left -= view.length;
    this.#at = end;
    return view;
  }

  /** Reads the source to its end: what follows the archive belongs to the digest all the same. */
  drain(): void {
    do {
      this.#onRaw?.(this.#chunk.subarray(this.#at));
      this.#at = this.#chunk.length;
    } while (this.#fill());
  }

  /** Reads the map; what is left of the entry then are its fragments. */
  #openSparse(entry: TarEntry, { form, size = entry.size }: SparseHeader, block: Buffer, pax: Pax | undefined): void {
    if (entry.type !== 'file') throw new TarError(INVALID);
    const map = readMap(form, block, pax, () => {
      if (form === 'content') {
        if (this.#left < BLOCK) throw new TarError('unexpected EOF');
        this.#left -= BLOCK;
      }
      return this.#exactly(BLOCK, false) ?? ZEROS;
    });
    checkMap(map, size, this.#left);
    entry.stored = this.#left;
    entry.size = size;
    this.#sparse = new SparsePosition(map, size);
  }

  #fill(): boolean {
    for (;;) {
      const chunk = this.#source.next();
      if (chunk === undefined) {
        this.#chunk = Buffer.alloc(0);
        this.#at = 0;
        return false;
      }
      this.#chunk = chunk;
      this.#at = 0;
      if (chunk.length > 0) return true;
    }
  }

  #skip(count: number, mayEnd: boolean): void {
    for (let left = count; left > 0; ) {
      if (this.#at === this.#chunk.length && !this.#fill()) {
        if (mayEnd) return;
        throw new TarError('unexpected EOF');
      }
      const step = Math.min(left, this.#chunk.length - this.#at);
      this.#onRaw?.(this.#chunk.subarray(this.#at, this.#at + step));
      this.#at += step;
      left -= step;
    }
  }

  /** So many bytes in one piece; undefined when the source ends before the first of them and `mayEnd`. */
  #exactly(count: number, mayEnd: boolean): Buffer | undefined {
    if (this.#chunk.length - this.#at >= count) {
      this.#at += count;
      const there = this.#chunk.subarray(this.#at - count, this.#at);
      this.#onRaw?.(there);
      return there;
    }
    const whole = Buffer.allocUnsafe(count);
    for (let have = 0; have < count; ) {
      if (this.#at === this.#chunk.length && !this.#fill()) {
        if (have === 0 && mayEnd) return undefined;
        throw new TarError('unexpected EOF');
      }
      const step = Math.min(count - have, this.#chunk.length - this.#at);
      this.#chunk.copy(whole, have, this.#at, this.#at + step);
      this.#at += step;
      have += step;
    }
    this.#onRaw?.(whole);
    return whole;
  }
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function isZero(block: Buffer): boolean {
  if (block[0] !== 0) return false;
  for (const byte of block) if (byte !== 0) return false;
  return true;
}

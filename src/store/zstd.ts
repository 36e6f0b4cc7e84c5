// Zstandard archives of any number of frames, skippable ones among them (RFC 8878): Node's streams undo the first frame and drop the rest.
import { setImmediate } from 'node:timers/promises';
import { constants, createZstdDecompress } from 'node:zlib';
import { invalid } from '../base/errors.ts';
import { through } from './through.ts';

const CHUNK = 128 * 1024;
/** Frames up to this size are undone at once, without a stream: archives made to be read in parts have one for each file. */
const SMALL_FRAME = 128 * 1024;
/** After so many bytes from small frames others get their turn. */
const TURN_BYTES = 1024 * 1024;
/** What a small frame costs beside its bytes. */
const FRAME_COST = 4096;
/** A window above 128 MiB is refused, so that memory stays bounded. */
const OPTIONS = { chunkSize: CHUNK, params: { [constants.ZSTD_d_windowLogMax]: 27 } };

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a5;
const DICTIONARY_BYTES = [0, 1, 2, 4];
const SIZE_BYTES = [0, 2, 4, 8];
const REPEATED = 1;
const RESERVED = 3;

const broken = (why: string): Error => invalid(`broken compressed archive: ${why}`);

/** The plain bytes of all frames. Throws invalid for a frame that is broken or not whole, and for what is none. */
export async function* unzstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const frames = new Frames(source);
  const decoder = new Decoder();
  let turn = 0;
  try {
    while (await frames.next()) {
      const start: Uint8Array[] = [];
      let size = 0;
      let piece: Uint8Array | undefined;
      while (size <= SMALL_FRAME && (piece = await frames.piece())) {
        start.push(piece);
        size += piece.length;
      }
      if (piece) {
        yield* through(createZstdDecompress(OPTIONS), frames.rest(start));
        continue;
      }
      turn += FRAME_COST;
      for (const plain of decoder.decode(Buffer.concat(start))) {
        turn += plain.length;
        yield plain;
        if (turn < TURN_BYTES) continue;
        turn = 0;
        await setImmediate();
      }
    }
  } finally {
    decoder.close();
    await frames.end();
  }
}

/** Where each frame begins and ends, by the sizes that its blocks say they have. Skippable frames are passed over. */
class Frames {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  /** Bytes of the frame that come next and need not be looked at. */
  #known = 0;
  #hasChecksum = false;
  /** The header of the next block is what comes after the known bytes; else the frame's end. */
  #hasBlock = false;
  #count = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  async end(): Promise<void> {
    await this.#iterator.return?.();
  }

  /** Goes to the next frame, when the last one is read to its end; false where the source ends. */
  async next(): Promise<boolean> {
    while (this.#chunk.length > 0 || (await this.#more())) {
      // padding behind the last frame, as programs for blocks leave it
      if (this.#count > 0 && this.#chunk[0] === 0) return this.#padding();
      // without waiting where it is at hand: an archive may be nothing but frames of eight bytes
      const magic = wordAt(this.#chunk.length >= 4 ? this.#chunk : await this.#peek(4), 0);
      if (magic === MAGIC) {
        const descriptor = (await this.#peek(5))[4] as number;
        const isSingle = (descriptor & 0x20) !== 0;
        const sizeBytes = SIZE_BYTES[descriptor >> 6] || (isSingle ? 1 : 0);
        this.#known = 5 + (isSingle ? 0 : 1) + (DICTIONARY_BYTES[descriptor & 3] as number) + sizeBytes;
        this.#hasChecksum = (descriptor & 0x04) !== 0;
        this.#hasBlock = true;
        this.#count += 1;
        return true;
      }
      if (magic >>> 4 !== SKIPPABLE) throw broken('what follows a frame is none');
      const length = 8 + wordAt(this.#chunk.length >= 8 ? this.#chunk : await this.#peek(8), 4);
      if (length <= this.#chunk.length) {
        this.#chunk = this.#chunk.subarray(length);
        continue;
      }
      this.#known = length;
      while (this.#known > 0) await this.#take();
    }
    return false;
  }

  /** Zeros to the end of the source. */
  async #padding(): Promise<false> {
    do {
      if (this.#chunk.some((byte) => byte !== 0)) throw broken('what follows a frame is none');
    } while (await this.#more());
    return false;
  }

  /** The next bytes of the frame, as many as are there; undefined at its end. */
  async piece(): Promise<Uint8Array | undefined> {
    if (this.#known === 0) {
      if (!this.#hasBlock) return undefined;
      await this.#peek(3);
    }
    while (this.#hasBlock && this.#known + 3 <= this.#chunk.length) this.#block(this.#chunk, this.#known);
    return this.#take();
  }

  /** The header of a block says how long it is, and whether it is the last. */
  #block(bytes: Uint8Array, at: number): void {
    const word = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
    const type = (word >> 1) & 3;
    if (type === RESERVED) throw broken('a block of no known type');
    const isLast = (word & 1) === 1;
    this.#known += 3 + (type === REPEATED ? 1 : word >> 3) + (isLast && this.#hasChecksum ? 4 : 0);
    this.#hasBlock = !isLast;
  }

  /** The pieces that were taken already, and all others of the frame. */
  async *rest(start: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, void> {
    yield Buffer.concat(start);
    for (let piece = await this.piece(); piece; piece = await this.piece()) yield piece;
  }

  async #take(): Promise<Uint8Array> {
    if (this.#chunk.length === 0 && !(await this.#more())) throw broken('unexpected end of file');
    const piece = this.#chunk.subarray(0, this.#known);
    this.#chunk = this.#chunk.subarray(piece.length);
    this.#known -= piece.length;
    return piece;
  }

  /** At least so many bytes, which stay where they are. */
  async #peek(count: number): Promise<Uint8Array> {
    while (this.#chunk.length < count) {
      const before = this.#chunk;
      if (!(await this.#more())) throw broken('unexpected end of file');
      this.#chunk = Buffer.concat([before, this.#chunk]);
    }
    return this.#chunk;
  }

  /** The next chunk that is not empty in place of the one at hand; false at the end. */
  async #more(): Promise<boolean> {
    for (;;) {
      const next = await this.#iterator.next();
      if (next.done) return false;
      if (next.value.length === 0) continue;
      this.#chunk = next.value;
      return true;
    }
  }
}

const wordAt = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)) >>> 0) +
  (bytes[at + 3] as number) * 0x1000000;

/** What zlib's streams of Node are made of; not documented, and used so by others for years. */
interface Handle {
  onerror: (message: string) => void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputLength: number,
    output: Uint8Array,
    outputAt: number,
    outputLength: number,
  ): void;
}

/** Whole frames undone call by call: a stream for each would cost more than the frame. */
class Decoder {
  readonly #stream = createZstdDecompress(OPTIONS);
  readonly #handle: Handle;
  readonly #state: Uint32Array;
  readonly #output = Buffer.allocUnsafeSlow(CHUNK);
  #failure: string | undefined;

  constructor() {
    const inner = this.#stream as unknown as { _handle: Handle; _writeState: Uint32Array };
    this.#handle = inner._handle;
    this.#state = inner._writeState;
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a callback of zlib's binding, not an event
    this.#handle.onerror = (message) => {
      this.#failure = message;
    };
  }

  *decode(frame: Buffer): Generator<Buffer, void, void> {
    for (let at = 0; ; ) {
      const length = frame.length - at;
      this.#handle.writeSync(constants.ZSTD_e_continue, frame, at, length, this.#output, 0, CHUNK);
      if (this.#failure !== undefined) throw broken(this.#failure);
      const [outputLeft = 0, inputLeft = 0] = this.#state;
      at = frame.length - inputLeft;
      const made = CHUNK - outputLeft;
      if (made > 0) yield Buffer.from(this.#output.subarray(0, made));
      if (inputLeft === 0 && outputLeft > 0) return;
      if (made === 0 && inputLeft === length) throw broken('more than a frame');
    }
  }

  close(): void {
    this.#stream.close();
  }
}

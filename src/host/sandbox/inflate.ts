// Gzip undone where it is used, call by call: a stream of zlib would take two threads, and a new buffer for every piece.
import { constants, createGunzip } from 'node:zlib';
import type { ByteSource } from './tar/read.ts';

/** What zlib's streams of Node are made of; not documented, and used so by others for years. */
interface Handle {
  onerror: (message: string, errno: number, code: string) => void;
  writeSync(
    flush: number,
    input: Uint8Array | null,
    inputAt: number,
    inputLength: number,
    output: Uint8Array,
    outputAt: number,
    outputLength: number,
  ): void;
  close(): void;
}

interface Inner {
  readonly _handle?: Partial<Handle> | null;
  /** What is left of output and input after a write. */
  readonly _writeState?: Uint32Array;
}

const OUTPUT_BYTES = 256 * 1024;
const EMPTY = new Uint8Array(0);

/** Versions of Node on which the tests of this file were run: on another one a wrong argument could end the process. */
const TESTED_MAJORS: ReadonlySet<string> = new Set(['20', '22', '24']);

/** Whether this Node has what is needed, and is known to (ADR 91); checked where the choice is made. */
export function canInflateSync(version: string = process.versions.node): boolean {
  if (!TESTED_MAJORS.has(version.split('.')[0] ?? '')) return false;
  const gunzip = createGunzip();
  const { _handle: handle, _writeState: state } = gunzip as unknown as Inner;
  gunzip.close();
  return typeof handle?.writeSync === 'function' && state instanceof Uint32Array;
}

/** The plain bytes of gzip members. Throws for a broken or unfinished one. */
export class Inflated implements ByteSource {
  readonly #source: ByteSource;
  readonly #handle: Handle;
  readonly #state: Uint32Array;
  readonly #output = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  #input: Uint8Array | undefined = EMPTY;
  #at = 0;
  /** Whether the last call filled the output, so that there may be more without further input. */
  #more = false;
  #failure: string | undefined;

  constructor(source: ByteSource) {
    this.#source = source;
    const { _handle: handle, _writeState: state } = createGunzip() as unknown as Inner;
    this.#handle = handle as Handle;
    this.#state = state as Uint32Array;
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a callback of zlib's binding, not an event
    this.#handle.onerror = (message) => {
      this.#failure = message;
    };
  }

  next(): Buffer | undefined {
    for (;;) {
      if (!this.#more && this.#input && this.#at >= this.#input.length) {
        this.#input = this.#source.next();
        this.#at = 0;
      }
      const ended = this.#input === undefined;
      const input = this.#input ?? EMPTY;
      const length = input.length - this.#at;
      // finishing without input says whether the last member was whole
      this.#handle.writeSync(
        ended ? constants.Z_FINISH : constants.Z_NO_FLUSH,
        input,
        this.#at,
        length,
        this.#output,
        0,
        OUTPUT_BYTES,
      );
      if (this.#failure !== undefined) throw new Error(`broken compressed archive: ${this.#failure}`);
      const [outputLeft = 0, inputLeft = 0] = this.#state;
      this.#at = input.length - inputLeft;
      this.#more = outputLeft === 0;
      const made = OUTPUT_BYTES - outputLeft;
      // nothing made of something: what follows the last member is no gzip, and is left out as Node and gzip do
      if (made === 0 && inputLeft > 0 && inputLeft === length) this.#at = input.length;
      if (made > 0) return this.#output.subarray(0, made);
      if (ended) return undefined;
    }
  }

  close(): void {
    this.#handle.close();
  }
}

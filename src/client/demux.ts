// Takes Docker's multiplexed stream apart: frames of one type byte, three zeros, a big-endian length, then data.
export type StreamName = 'stdin' | 'stdout' | 'stderr' | 'systemerr';

const NAMES: readonly StreamName[] = ['stdin', 'stdout', 'stderr', 'systemerr'];

/** `isEnd`: it is the last part of its frame. */
type Write = (stream: StreamName, data: Buffer, isEnd: boolean) => void;

/** Feeds bytes in any pieces; `write` gets the data of each frame as it comes, possibly in parts. */
export class Demux {
  readonly #write: Write;
  #header = Buffer.alloc(0);
  #left = 0;
  #stream: StreamName = 'stdout';

  constructor(write: Write) {
    this.#write = write;
  }

  /** Throws when a frame has an unknown type. */
  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#left > 0) {
        const data = rest.subarray(0, this.#left);
        this.#left -= data.length;
        rest = rest.subarray(data.length);
        this.#write(this.#stream, data, this.#left === 0);
        continue;
      }
      const need = 8 - this.#header.length;
      this.#header = Buffer.concat([this.#header, rest.subarray(0, need)]);
      rest = rest.subarray(need);
      if (this.#header.length < 8) return;
      const name = NAMES[this.#header[0] ?? 255];
      if (name === undefined) throw new Error(`Unrecognized input header: ${this.#header[0]}`);
      this.#stream = name;
      this.#left = this.#header.readUInt32BE(4);
      this.#header = Buffer.alloc(0);
    }
  }
}

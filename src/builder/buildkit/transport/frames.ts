// gRPC's frames in a stream of bytes: one byte (compressed or not), four of length, the message.
import { CallError, Code } from './status.ts';

/** grpc-go's default for what a client sends is no limit; BuildKit's own connections take 16 MiB. */
const MAX_MESSAGE = 16 * 1024 * 1024;
const HEAD = 5;

export function frame(body: Uint8Array): Buffer {
  const whole = Buffer.allocUnsafe(HEAD + body.length);
  whole[0] = 0;
  whole.writeUInt32BE(body.length, 1);
  whole.set(body, HEAD);
  return whole;
}

/** Takes chunks as they come and gives the messages that are whole. */
export class Deframer {
  #held: Buffer[] = [];
  #size = 0;

  /** Messages are views of the chunks where they lie in one. */
  *push(chunk: Buffer): Generator<Buffer, void, void> {
    let rest = chunk;
    if (this.#size > 0) {
      this.#held.push(chunk);
      this.#size += chunk.length;
      if (this.#size < this.#needed()) return;
      rest = Buffer.concat(this.#held);
    }
    this.#held = [];
    this.#size = 0;
    let at = 0;
    while (rest.length - at >= HEAD) {
      const length = lengthOf(rest, at);
      if (rest.length - at - HEAD < length) break;
      at += HEAD + length;
      yield rest.subarray(at - length, at);
    }
    if (at < rest.length) {
      this.#held.push(rest.subarray(at));
      this.#size = rest.length - at;
    }
  }

  /** Bytes that the message at hand takes with its head; 5 while the head is not here. */
  #needed(): number {
    const first = this.#held[0];
    if (first === undefined) return HEAD;
    if (first.length >= HEAD) return HEAD + lengthOf(first, 0);
    if (this.#size < HEAD) return HEAD;
    this.#held = [Buffer.concat(this.#held)];
    return this.#needed();
  }

  /** False when the stream ends within a message. */
  get clean(): boolean {
    return this.#size === 0;
  }
}

function lengthOf(bytes: Buffer, at: number): number {
  if (bytes[at] !== 0) throw new CallError(Code.unimplemented, 'grpc: compressed messages are not taken');
  const length = bytes.readUInt32BE(at + 1);
  if (length > MAX_MESSAGE)
    throw new CallError(
      Code.resourceExhausted,
      `grpc: received message larger than max (${length} vs. ${MAX_MESSAGE})`,
    );
  return length;
}

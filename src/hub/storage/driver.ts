// The port to what holds the bytes: a tree of named objects. storage/testing.ts says by tests what every driver must do.
import type { Readable } from 'node:stream';

export interface ObjectFacts {
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly changedAt: number;
}

/** Of bytes; `end` is inclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** An object that grows at its end. */
export interface Appender {
  /** In order; the buffers are not to be changed until it returns. */
  write(chunks: readonly Buffer[]): Promise<void>;
  /** Takes back what lies beyond `size`. */
  truncate(size: number): Promise<void>;
  /** What was written survives a power loss. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface StorageDriver {
  /** A small object as a whole; undefined when there is none. */
  read(path: string): Promise<Buffer | undefined>;
  facts(path: string): Promise<ObjectFacts | undefined>;
  stream(path: string, range?: Range): Readable;
  /** Hands over the bytes of an object one piece after the other; a piece is used again when `take` has resolved. */
  send(path: string, range: Range, take: (piece: Buffer) => Promise<void>): Promise<void>;
  /** A small object, whole or not at all; for good when it returns, or with the next `settle`. */
  write(path: string, content: string | Uint8Array, lasts?: 'now' | 'settled'): Promise<void>;
  /** Names directly below, in no order; none when there is nothing. */
  list(path: string): Promise<readonly string[]>;
  /** An object, or all that is below a name. Nothing there is no error. */
  remove(path: string): Promise<void>;
  append(path: string): Promise<Appender>;
  /** What was at `to` is replaced. For good with the next `settle`. */
  move(from: string, to: string): Promise<void>;
  /** All that was written and moved before is for good when it returns. */
  settle(): Promise<void>;
}

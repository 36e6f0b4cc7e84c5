// A byte pipe between the main thread, which may not block, and a worker, which may: shared memory with one writer and one reader.

const WRITTEN = 0;
const READ = 1;
const CLOSED = 2;
/** Counters that change with whatever the other side does: a wait on them cannot miss a wake-up. */
const WRITER_DID = 3;
const READER_DID = 4;
const CONTROL_BYTES = 64;
/** What one look at the pipe returns at most, so that the writer has room again before the reader has used up everything. */
const MAX_VIEW = 256 * 1024;

/** Capacity must be a power of two: positions wrap at 32 bits. */
const CAPACITY = 1024 * 1024;

export class RingAborted extends Error {
  constructor() {
    super('cancelled');
    this.name = 'RingAborted';
  }
}

export class ByteRing {
  readonly memory: SharedArrayBuffer;
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #data: Buffer;

  /** Without memory a new pipe; with the memory of another thread's pipe the other end of that. */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(CONTROL_BYTES + CAPACITY)) {
    this.memory = memory;
    this.#control = new Int32Array(memory, 0, CONTROL_BYTES / 4);
    this.#data = Buffer.from(memory, CONTROL_BYTES);
  }

  /** No more is written; the reader sees the end after what is in the pipe. */
  close(): void {
    this.#end(1);
  }

  /** Both sides fail from now on. */
  abort(): void {
    this.#end(2);
  }

  #end(state: number): void {
    if (Atomics.load(this.#control, CLOSED) < state) Atomics.store(this.#control, CLOSED, state);
    this.#signal(WRITER_DID);
    this.#signal(READER_DID);
  }

  #signal(counter: number): void {
    Atomics.add(this.#control, counter, 1);
    Atomics.notify(this.#control, counter);
  }

  #closed(): number {
    const state = Atomics.load(this.#control, CLOSED);
    if (state === 2) throw new RingAborted();
    return state;
  }

  /** Copies as much as fits; 0 when the pipe is full. */
  #put(chunk: Uint8Array, from: number): number {
    const written = Atomics.load(this.#control, WRITTEN);
    const free = CAPACITY - ((written - Atomics.load(this.#control, READ)) | 0);
    const at = written & (CAPACITY - 1);
    const count = Math.min(free, CAPACITY - at, chunk.length - from);
    if (count <= 0) return 0;
    this.#data.set(chunk.subarray(from, from + count), at);
    Atomics.store(this.#control, WRITTEN, (written + count) | 0);
    this.#signal(WRITER_DID);
    return count;
  }

  #view(): Buffer | undefined {
    const read = Atomics.load(this.#control, READ);
    const there = (Atomics.load(this.#control, WRITTEN) - read) | 0;
    if (there === 0) return undefined;
    const at = read & (CAPACITY - 1);
    return this.#data.subarray(at, at + Math.min(there, CAPACITY - at, MAX_VIEW));
  }

  /** Gives the room of bytes that were read back to the writer. */
  release(count: number): void {
    Atomics.add(this.#control, READ, count);
    this.#signal(READER_DID);
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const seen = Atomics.load(this.#control, READER_DID);
      this.#closed();
      const count = this.#put(chunk, at);
      at += count;
      if (count === 0) await waitAsync(this.#control, READER_DID, seen);
    }
  }

  writeSync(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const seen = Atomics.load(this.#control, READER_DID);
      this.#closed();
      const count = this.#put(chunk, at);
      at += count;
      if (count === 0) Atomics.wait(this.#control, READER_DID, seen);
    }
  }

  /** The next bytes, valid until `release` of their length; undefined at the end. Blocks. */
  readSync(): Buffer | undefined {
    for (;;) {
      const seen = Atomics.load(this.#control, WRITER_DID);
      const closed = this.#closed();
      const view = this.#view();
      if (view) return view;
      if (closed) return undefined;
      Atomics.wait(this.#control, WRITER_DID, seen);
    }
  }

  /** Copies of the bytes as they come, until the end. */
  async *read(): AsyncGenerator<Buffer, void, void> {
    for (;;) {
      const seen = Atomics.load(this.#control, WRITER_DID);
      const closed = this.#closed();
      const view = this.#view();
      if (view) {
        const copy = Buffer.from(view);
        this.release(view.length);
        yield copy;
      } else if (closed) return;
      else await waitAsync(this.#control, WRITER_DID, seen);
    }
  }
}

async function waitAsync(control: Int32Array<SharedArrayBuffer>, index: number, seen: number): Promise<void> {
  const result = Atomics.waitAsync(control, index, seen);
  if (result.async) await result.value;
}

// A unix connection in Bun, with the part of net.Socket that this client uses. Bun's node:net costs 12 ms at the first connection,
// its own sockets 2; for a command that lives for 30 ms that is a third.
import type { Connection } from './connection.ts';

/** What is used of Bun, whose types are not those of this project. */
interface BunRuntime {
  connect(options: { unix: string; allowHalfOpen: boolean; socket: Handlers }): Promise<Native>;
}

interface Native {
  /** Bytes taken; -1 when it is closed. */
  write(data: Uint8Array): number;
  end(): void;
  /** Ends the writing half. */
  shutdown(): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  ref(): void;
  unref(): void;
}

interface Handlers {
  data(socket: Native, data: Uint8Array): void;
  drain(socket: Native): void;
  end(socket: Native): void;
  close(socket: Native): void;
  error(socket: Native, error: Error): void;
}

/** undefined where this is no Bun. */
export function bunRuntime(): BunRuntime | undefined {
  return (globalThis as { Bun?: BunRuntime }).Bun;
}

export async function connectInBun(bun: BunRuntime, path: string): Promise<Connection> {
  const socket = new BunSocket();
  socket.attach(await bun.connect({ unix: path, allowHalfOpen: true, socket: socket.handlers }));
  return socket;
}

type Event = 'data' | 'end' | 'close' | 'error' | 'drain';
type Listener = (value: never) => void;

class BunSocket implements Connection {
  #native: Native | undefined;
  readonly #listeners = new Map<Event, Set<Listener>>();
  /** What the kernel has not taken yet, in order. */
  #queue: Uint8Array[] = [];
  #ending = false;
  #paused = false;
  destroyed = false;
  readableEnded = false;

  readonly handlers: Handlers = {
    // Bun reuses the memory of what it hands over
    data: (_, data) => this.#notify('data', Buffer.from(data)),
    drain: () => this.#flush(),
    end: () => this.#ended(),
    close: () => this.#closed(),
    error: (_, error) => this.#notify('error', error),
  };

  attach(native: Native): void {
    this.#native = native;
  }

  on(event: Event, listener: (value: never) => void): this {
    const set = this.#listeners.get(event) ?? new Set();
    set.add(listener);
    this.#listeners.set(event, set);
    return this;
  }

  once(event: Event, listener: (value: never) => void): this {
    const wrapped = ((value: never) => {
      this.#listeners.get(event)?.delete(wrapped);
      listener(value);
    }) as Listener;
    return this.on(event, wrapped);
  }

  write(data: string | Uint8Array): boolean {
    if (this.destroyed || this.#ending) return false;
    this.#queue.push(typeof data === 'string' ? Buffer.from(data) : data);
    this.#flush();
    return this.#queue.length === 0;
  }

  /** No more is sent; what comes from the other side is still read. */
  end(): void {
    if (this.destroyed || this.#ending) return;
    this.#ending = true;
    this.#flush();
  }

  destroy(error?: Error): void {
    if (this.destroyed) return;
    this.destroyed = true;
    if (error) this.#notify('error', error);
    this.#native?.terminate();
    this.#closed();
  }

  pause(): void {
    this.#paused = true;
    this.#native?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#native?.resume();
  }

  isPaused(): boolean {
    return this.#paused;
  }

  ref(): void {
    this.#native?.ref();
  }

  unref(): void {
    this.#native?.unref();
  }

  #flush(): void {
    if (!this.#native) return;
    const had = this.#queue.length > 0;
    while (this.#queue[0]) {
      const [first] = this.#queue;
      const taken = this.#native.write(first);
      if (taken < 0) return;
      if (taken < first.length) {
        this.#queue[0] = first.subarray(taken);
        return;
      }
      this.#queue.shift();
    }
    if (this.#ending) this.#native.shutdown();
    else if (had) queueMicrotask(() => this.#notify('drain'));
  }

  #ended(): void {
    if (this.readableEnded) return;
    this.readableEnded = true;
    this.#notify('end');
  }

  #closed(): void {
    this.destroyed = true;
    this.#ended();
    this.#notify('close');
  }

  #notify(event: Event, value?: unknown): void {
    for (const listener of Array.from(this.#listeners.get(event) ?? [])) listener(value as never);
  }
}

// The daemon's end of a build's connection: what it asks for goes on channels of their own, what comes back is handed to who asked.
import type { Duplex } from 'node:stream';
import { cancelled, invalid } from '../../base/errors.ts';
import {
  type Ask,
  FRAME,
  type Frame,
  type FrameKind,
  FrameReader,
  frame,
  type DaemonMessage,
} from '../../spec/berth/build.ts';

/** Bytes of answers that nobody has taken yet; then the client waits. */
const MAX_WAITING = 4 * 1024 * 1024;

/** Something that was asked for. */
export class Channel implements AsyncDisposable {
  readonly id: number;
  readonly #link: Link;
  readonly #frames: Frame[] = [];
  #waiting = 0;
  #ended = false;
  #wake: (() => void) | undefined;
  #taken: (() => void) | undefined;

  constructor(id: number, link: Link) {
    this.id = id;
    this.#link = link;
  }

  /** Resolves when there is room for more. */
  async push(one: Frame | undefined): Promise<void> {
    if (one === undefined) this.#ended = true;
    else {
      this.#frames.push(one);
      this.#waiting += one.payload.length;
    }
    this.#wake?.();
    while (this.#waiting > MAX_WAITING && !this.#ended) await new Promise<void>((resolve) => (this.#taken = resolve));
  }

  /** The next frame; undefined at the end. Throws what the client says went wrong. */
  async next(signal?: AbortSignal): Promise<Frame | undefined> {
    for (;;) {
      if (signal?.aborted) throw cancelled('context canceled');
      const one = this.#frames.shift();
      if (one) {
        this.#waiting -= one.payload.length;
        this.#taken?.();
        if (one.kind === FRAME.error) throw invalid(one.payload.toString());
        return one.kind === FRAME.end ? undefined : one;
      }
      if (this.#ended) throw cancelled('the client is gone');
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        this.#wake = wake;
        signal?.addEventListener('abort', wake, { once: true });
      });
    }
  }

  /** An answer in JSON, which the caller knows the shape of. */
  async json<T>(signal?: AbortSignal): Promise<T> {
    const one = await this.next(signal);
    if (one?.kind !== FRAME.json) throw invalid('the client answered something else than was asked for');
    return JSON.parse(one.payload.toString()) as T;
  }

  /** All data up to the end. */
  async *data(signal?: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
    for (let one = await this.next(signal); one; one = await this.next(signal)) {
      if (one.kind === FRAME.data) yield one.payload;
    }
  }

  send(kind: FrameKind, payload: Uint8Array | string = ''): Promise<void> {
    return this.#link.send(kind, this.id, payload);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#link.close(this);
    return Promise.resolve();
  }
}

export class Link {
  readonly #connection: Duplex;
  readonly #channels = new Map<number, Channel>();
  readonly #gone = new AbortController();
  readonly #first = new Channel(0, this);
  #next = 1;

  constructor(connection: Duplex) {
    this.#connection = connection;
    this.#channels.set(0, this.#first);
    connection.on('error', () => undefined);
    void this.#read();
  }

  /** Aborted when the client is gone. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** What the client wants. */
  options<T>(): Promise<T> {
    return this.#first.json<T>();
  }

  async ask(ask: Ask): Promise<Channel> {
    const channel = new Channel(this.#next++, this);
    this.#channels.set(channel.id, channel);
    if (this.signal.aborted) await channel.push(undefined);
    else await this.notify({ notify: 'ask', channel: channel.id, ask });
    return channel;
  }

  notify(message: DaemonMessage): Promise<void> {
    return this.send(FRAME.json, 0, JSON.stringify(message));
  }

  async send(kind: FrameKind, channel: number, payload: Uint8Array | string): Promise<void> {
    if (this.#connection.destroyed) return;
    // what is said in one turn goes out in one write
    if (this.#connection.writableCorked === 0) {
      this.#connection.cork();
      process.nextTick(() => this.#connection.uncork());
    }
    if (this.#connection.write(frame(kind, channel, payload))) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#connection.off('drain', done).off('close', done);
        resolve();
      };
      this.#connection.once('drain', done).once('close', done);
    });
  }

  close(channel: Channel): void {
    this.#channels.delete(channel.id);
  }

  end(): void {
    this.#connection.end();
    setTimeout(() => this.#connection.destroy(), 1000).unref();
  }

  async #read(): Promise<void> {
    const reader = new FrameReader();
    try {
      for await (const chunk of this.#connection) {
        for (const one of reader.add(chunk as Buffer)) await this.#channels.get(one.channel)?.push(one);
      }
    } catch {
      this.#connection.destroy();
    }
    this.#gone.abort();
    for (const channel of this.#channels.values()) await channel.push(undefined);
  }
}

// The client's end of a build's connection: answers what the daemon asks for, hands on what happens, ends with the result.
import { closeSync, openSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  type Ask,
  type BuildOptions,
  FRAME,
  type Frame,
  type FrameKind,
  FrameReader,
  frame,
  type SentEntry,
  type ShellAnswer,
  type ShellSize,
  type ShownEvent,
  type ShownPlace,
  type ShownResult,
  type DaemonMessage,
} from '../../spec/berth/build.ts';
import type { Wire } from '../wire.ts';
import { type CachePlace, hasBlob, publish, putBlob, readCache } from './cache.ts';
import { receiveOutput, type OutputPlace } from './output.ts';
import { bytesPath, walk } from './walk.ts';

/** The way to a shell: what is typed goes there, what it shows comes from there. */
export interface ShellWire {
  answer(answer: ShellAnswer | ShellSize): void;
  /** Resolves when more can be taken. */
  type(data: Uint8Array): Promise<void>;
  readonly shown: AsyncIterable<Buffer>;
}

/** What this machine gives to a build. */
export interface BuildSources {
  /** Directories by the names in the request; nothing outside of them is read. */
  readonly directories: ReadonlyMap<string, string>;
  readonly secrets: ReadonlyMap<string, () => Uint8Array | undefined>;
  /** How to get at the sockets of agents, by their ids. */
  readonly agents: ReadonlyMap<string, () => Promise<string>>;
  readonly outputs: readonly (OutputPlace | undefined)[];
  /** Takes an output whose place is `-`. */
  stdout(chunk: Uint8Array): void;
  readonly archive?: AsyncIterable<Uint8Array>;
  /** A shell in what a failed step left. */
  shell(step: { readonly command: string; readonly reason: string }, wire: ShellWire): Promise<void>;
  /** Directories of build caches by their names in the request. */
  readonly caches: ReadonlyMap<string, CachePlace>;
  credentials(host: string): { username: string; password: string; identityToken?: string } | undefined;
}

export class BuildFailure extends Error {
  readonly place: ShownPlace | undefined;
  constructor(message: string, place?: ShownPlace) {
    super(message);
    this.name = 'BuildFailure';
    this.place = place;
  }
}

const ENTRIES = 1000;
const CHUNK = 256 * 1024;

export async function runSession(
  wire: Wire,
  request: BuildOptions,
  sources: BuildSources,
  onEvent: (event: ShownEvent) => void,
): Promise<ShownResult> {
  const session = new Session(wire, sources);
  await session.send(FRAME.json, 0, JSON.stringify(request));
  const reader = new FrameReader();
  for (let chunk = await wire.inbox.take(); chunk; chunk = await wire.inbox.take()) {
    for (const one of reader.add(chunk)) {
      if (one.channel !== 0) {
        session.receive(one);
        continue;
      }
      const message = JSON.parse(one.payload.toString()) as DaemonMessage;
      if (message.notify === 'event') onEvent(message.event);
      else if (message.notify === 'ask') session.answer(message.channel, message.ask);
      else {
        wire.socket.destroy();
        if (message.notify === 'result') return message.result;
        const { message: text, hint, place } = message;
        throw new BuildFailure(hint === undefined ? text : `${text}: ${hint}`, place);
      }
    }
  }
  throw new BuildFailure('the daemon ended the connection');
}

class Session {
  readonly #wire: Wire;
  readonly #sources: BuildSources;
  readonly #scratch = Buffer.allocUnsafe(CHUNK + 4);
  readonly #receivers = new Map<number, (frame: Frame) => void>();
  /** Those who wait until the connection takes more, or is gone. */
  readonly #waiting = new Set<() => void>();

  constructor(wire: Wire, sources: BuildSources) {
    this.#wire = wire;
    this.#sources = sources;
    const wake = (): void => {
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const go of waiting) go();
    };
    wire.socket.on('drain', wake);
    wire.socket.once('close', wake);
  }

  async send(kind: FrameKind, channel: number, payload: Uint8Array | string = ''): Promise<void> {
    const { socket } = this.#wire;
    if (!socket.destroyed && !socket.write(frame(kind, channel, payload))) {
      await new Promise<void>((go) => {
        this.#waiting.add(go);
      });
    }
  }

  receive(one: Frame): void {
    this.#receivers.get(one.channel)?.(one);
    if (one.kind === FRAME.end || one.kind === FRAME.error) this.#receivers.delete(one.channel);
  }

  answer(channel: number, ask: Ask): void {
    this.#give(channel, ask).catch((error: unknown) => {
      void this.send(FRAME.error, channel, error instanceof Error ? error.message : String(error));
    });
  }

  async #give(channel: number, ask: Ask): Promise<void> {
    switch (ask.kind) {
      case 'read':
        return this.#giveBytes(channel, this.#read(ask.source, ask.path, ask.limit));
      case 'secret':
        return this.#giveBytes(channel, this.#sources.secrets.get(ask.id)?.());
      case 'credentials':
        return this.send(FRAME.json, channel, JSON.stringify({ found: this.#sources.credentials(ask.host) }));
      case 'archive':
        for await (const chunk of this.#sources.archive ?? []) await this.send(FRAME.data, channel, chunk);
        return this.send(FRAME.end, channel);
      case 'sync':
        return this.#giveFiles(channel, this.#directory(ask.source), ask.exclude);
      case 'agent':
        return this.#giveAgent(channel, this.#sources.agents.get(ask.id));
      case 'output': {
        const place = this.#sources.outputs[ask.index];
        if (!place) throw new Error('this output was not asked for');
        await receiveOutput(place, this.#incoming(channel), (chunk) => this.#sources.stdout(chunk));
        return this.send(FRAME.end, channel);
      }
      case 'shell':
        return this.#sources.shell(ask, {
          answer: (answer) => void this.send(FRAME.json, channel, JSON.stringify(answer)),
          type: (data) => this.send(FRAME.data, channel, data),
          shown: this.#incoming(channel),
        });
      case 'cache-read':
        for (const chunk of readCache(this.#cache(ask.cache), ask.digest)) await this.send(FRAME.data, channel, chunk);
        return this.send(FRAME.end, channel);
      case 'cache-has':
        return this.send(FRAME.json, channel, JSON.stringify({ found: hasBlob(this.#cache(ask.cache), ask.digest) }));
      case 'cache-put':
        await putBlob(this.#cache(ask.cache), ask.digest, this.#incoming(channel));
        return this.send(FRAME.end, channel);
      case 'cache-publish':
        publish(this.#cache(ask.cache), ask.descriptor);
        return this.send(FRAME.end, channel);
      default:
        throw new Error('the daemon asks for something that this client does not know');
    }
  }

  #cache(name: string): CachePlace {
    const place = this.#sources.caches.get(name);
    if (!place) throw new Error(`no cache ${name} is part of this build`);
    return place;
  }

  #directory(source: string): string {
    const directory = this.#sources.directories.get(source);
    if (directory === undefined) throw new Error(`no directory ${source} is part of this build`);
    return directory;
  }

  #read(source: string, path: string, limit: number): Uint8Array | undefined {
    const root = realpathSync(this.#directory(source));
    try {
      const real = realpathSync(resolve(root, path));
      if (real !== root && !real.startsWith(root === '/' ? '/' : `${root}/`)) {
        throw new Error(`${path} leads outside of ${root}`);
      }
      const stat = statSync(real);
      if (!stat.isFile()) return undefined;
      if (stat.size > limit) throw new Error(`${path} is larger than ${limit} bytes`);
      return readFileSync(real);
    } catch (error) {
      if (error instanceof Error && 'code' in error && /^(ENOENT|ENOTDIR)$/.test(String(error.code))) return undefined;
      throw error;
    }
  }

  async #giveBytes(channel: number, bytes: Uint8Array | undefined): Promise<void> {
    await this.send(FRAME.json, channel, JSON.stringify({ found: bytes !== undefined }));
    for (let at = 0; at < (bytes?.length ?? 0); at += CHUNK) {
      await this.send(FRAME.data, channel, bytes?.subarray(at, at + CHUNK) ?? '');
    }
    await this.send(FRAME.end, channel);
  }

  /** All entries, and meanwhile the content of those that the daemon lacks. */
  async #giveFiles(channel: number, root: string, exclude: readonly string[]): Promise<void> {
    const paths: string[] = [];
    const wanted = this.#incoming(channel);
    const sending = (async () => {
      for await (const one of wanted) {
        const { want } = JSON.parse(one.toString()) as { want: number[] };
        for (const id of want)
          await this.#giveFile(channel, id, `${Buffer.from(root).toString('latin1')}/${paths[id] ?? ''}`);
      }
    })();
    let entries: SentEntry[] = [];
    for (const entry of walk(root, exclude)) {
      paths.push(entry[1]);
      entries.push(entry);
      if (entries.length < ENTRIES) continue;
      await this.send(FRAME.json, channel, JSON.stringify({ entries }));
      entries = [];
      // requests are read in between
      await new Promise((done) => setImmediate(done));
    }
    await this.send(FRAME.json, channel, JSON.stringify({ entries, walked: true }));
    await sending;
    await this.send(FRAME.end, channel);
  }

  async #giveFile(channel: number, id: number, path: string): Promise<void> {
    const fd = openSync(bytesPath(path), 'r');
    try {
      for (;;) {
        // the frame holds a copy, so one buffer does for all files
        this.#scratch.writeUInt32BE(id, 0);
        const count = readSync(fd, this.#scratch, 4, CHUNK, null);
        await this.send(FRAME.data, channel, this.#scratch.subarray(0, count + 4));
        // the empty one says that it is over
        if (count === 0) return;
      }
    } finally {
      closeSync(fd);
    }
  }

  async #giveAgent(channel: number, open: (() => Promise<string>) | undefined): Promise<void> {
    // what is asked of the agent comes while it is being started
    const incoming = this.#incoming(channel);
    const { connect } = process.getBuiltinModule('net');
    const socket = connect({ path: (await open?.()) ?? '' });
    const sending = (async () => {
      for await (const chunk of socket) await this.send(FRAME.data, channel, chunk as Buffer);
      await this.send(FRAME.end, channel);
    })();
    for await (const chunk of incoming) socket.write(chunk);
    socket.end();
    await sending;
  }

  /** Payloads of a channel up to its end. */
  #incoming(channel: number): AsyncGenerator<Buffer, void, undefined> {
    const waiting: Frame[] = [];
    let wake = (): void => undefined;
    this.#receivers.set(channel, (one) => {
      waiting.push(one);
      wake();
    });
    return (async function* () {
      for (;;) {
        const one = waiting.shift();
        if (one?.kind === FRAME.error) throw new Error(one.payload.toString());
        if (one?.kind === FRAME.end) return;
        if (one) yield one.payload;
        else await new Promise<void>((done) => (wake = done));
      }
    })();
  }
}

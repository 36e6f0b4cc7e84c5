// One connection to a running process's stdio, shared by everyone who is attached: output fans out, input comes in one packet at a time.
import { join } from 'node:path';
import { connectSeqpacket, type Seqpacket } from '../../host/seqpacket.ts';

export type Channel = 'stdout' | 'stderr';

/** Someone who watches. `write` says whether more can be taken now; when not, `drained` will be awaited. */
export interface Watcher {
  write(channel: Channel, data: Buffer): boolean;
  /** Resolves when the watcher can take more, or is gone. */
  drained(): Promise<void>;
  /** The process has closed its output; nothing follows. */
  end(): void;
}

export interface Console {
  /** The process has closed its output and everyone has it, or the connection was closed. */
  readonly ended: Promise<void>;
  readonly watched: boolean;
  /** The answer ends it. */
  watch(watcher: Watcher): () => void;
  /** Input for the process, in order; resolves when the monitor has taken it. */
  write(data: Buffer): Promise<void>;
  /** End of input; the process reads EOF unless its stdin is kept open. */
  closeInput(): void;
  close(): void;
}

/** conmon reads its socket in pieces of 32 KiB and cuts a longer packet off. */
const MAX_PACKET = 16 * 1024;
const STDERR = 3;

export class AttachConsole implements Console {
  readonly #socket: Seqpacket;
  readonly #watchers = new Set<Watcher>();
  #pendingInput: Promise<void> = Promise.resolve();
  #inputClosed = false;
  readonly ended: Promise<void>;

  /** Connects to `<bundle>/attach`; throws when the monitor is gone. */
  constructor(bundle: string) {
    const socket = connectSeqpacket(join(bundle, 'attach'));
    this.#socket = socket;
    const { reader, writer } = socket;
    reader.on('data', (packet: Buffer) => this.#spread(packet));
    // a monitor that ends with input left over resets the connection, which is no loss of output
    reader.on('error', () => {
      const kept = reader.read() as Buffer | null;
      for (const packet of [...(kept ? [kept] : []), ...socket.rest()]) this.#spread(packet);
    });
    // a process that takes no input any more may still have something to say
    writer.on('error', () => (this.#inputClosed = true));
    this.ended = new Promise((resolve) => {
      const finish = (): void => {
        for (const watcher of this.#watchers) watcher.end();
        this.#watchers.clear();
        socket[Symbol.dispose]();
        resolve();
      };
      reader.once('end', finish);
      reader.once('close', finish);
    });
  }

  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  get watched(): boolean {
    return this.#watchers.size > 0;
  }

  write(data: Buffer): Promise<void> {
    const mine = this.#pendingInput.then(async () => {
      for (let at = 0; at < data.length && !this.#inputClosed; at += MAX_PACKET)
        await this.#send(data.subarray(at, at + MAX_PACKET));
    });
    this.#pendingInput = mine.catch(() => undefined);
    return mine;
  }

  closeInput(): void {
    void this.#pendingInput.then(() => {
      this.#inputClosed = true;
      this.#socket.writer.end();
    });
  }

  close(): void {
    this.#socket[Symbol.dispose]();
  }

  #send(packet: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.writer.write(packet, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** A slow watcher holds the process back, as a full pipe would. */
  #spread(packet: Buffer): void {
    const channel: Channel = packet[0] === STDERR ? 'stderr' : 'stdout';
    const data = packet.subarray(1);
    const full: Promise<void>[] = [];
    for (const watcher of this.#watchers) if (!watcher.write(channel, data)) full.push(watcher.drained());
    if (full.length > 0) {
      const { reader } = this.#socket;
      reader.pause();
      void Promise.all(full).then(() => reader.resume());
    }
  }
}

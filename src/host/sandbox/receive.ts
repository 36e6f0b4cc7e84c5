// Files written into a directory by a thread that sees nothing else, whoever sends them and whatever they are called.
import { Worker } from 'node:worker_threads';
import { cancelled, internal, invalid } from '../../base/errors.ts';
import { type Made, RECORD_HEAD, type Received, type ReceiveReply, Record } from './receive-job.ts';
import { ByteRing, RingAborted } from './ring.ts';

export type { Made, Received } from './receive-job.ts';

/** Records are gathered to lots of this size before they go into the pipe. */
const LOT = 64 * 1024;

export class Receiver {
  readonly #ring = new ByteRing();
  readonly #result: Promise<void>;
  #lot: Buffer[] = [];
  #size = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(root: string, onFiles: (files: readonly Received[]) => void, signal: AbortSignal) {
    const worker = new Worker(new URL('./receive.worker.ts', import.meta.url), {
      workerData: { root, memory: this.#ring.memory },
      stdin: false,
      resourceLimits: { maxOldGenerationSizeMb: 128 },
    });
    const abort = (): void => this.#ring.abort();
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    this.#result = new Promise<void>((resolve, reject) => {
      worker.on('message', (reply: ReceiveReply) => {
        if ('files' in reply) onFiles(reply.files);
        else if (reply.ok) resolve();
        else if (signal.aborted) reject(cancelled('context canceled'));
        else if (reply.code === undefined) reject(invalid(reply.message));
        else reject(Object.assign(new Error(reply.message), { code: reply.code }));
      });
      worker.once('error', (error) => reject(internal('the receiving thread failed', { cause: error })));
      worker.once('exit', () => reject(internal('the receiving thread ended')));
    });
    void this.#result.catch(abort).finally(() => signal.removeEventListener('abort', abort));
  }

  /** Rejects when the thread fails. */
  get result(): Promise<void> {
    return this.#result;
  }

  make(made: Made): Promise<void> | undefined {
    return this.#record(Record.make, Buffer.from(JSON.stringify(made), 'latin1'));
  }

  /** The next bytes of a file; none at its end. */
  data(id: number, bytes: Uint8Array): Promise<void> | undefined {
    const body = Buffer.allocUnsafe(4 + bytes.length);
    body.writeUInt32LE(id, 0);
    body.set(bytes, 4);
    return this.#record(Record.data, body);
  }

  /** What was given so far is written soon. */
  flush(): Promise<void> {
    const lot = this.#lot;
    if (lot.length === 0) return this.#writing;
    this.#lot = [];
    this.#size = 0;
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#ring.write(Buffer.concat(lot));
      } catch (error) {
        if (!(error instanceof RingAborted)) throw error;
        await this.#result;
        throw error;
      }
    });
    this.#writing.catch(() => undefined);
    return this.#writing;
  }

  async finish(): Promise<void> {
    await this.flush();
    this.#ring.close();
    await this.#result;
  }

  abort(): void {
    this.#ring.abort();
  }

  #record(kind: number, body: Buffer): Promise<void> | undefined {
    const head = Buffer.allocUnsafe(RECORD_HEAD);
    head[0] = kind;
    head.writeUInt32LE(body.length, 1);
    this.#lot.push(head, body);
    this.#size += RECORD_HEAD + body.length;
    return this.#size >= LOT ? this.flush() : undefined;
  }
}

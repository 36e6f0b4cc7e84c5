// Uploads under way: bytes go to disk and into the hash as they come, so that a blob is checked the moment its last byte is here.
import { createHash, type Hash, randomUUID } from 'node:crypto';
import { usedUp } from '../../base/garbage.ts';
import { KeyedMutex } from '../../base/mutex.ts';
import { type Algorithm, type BlobDigest, RegistryError } from '../model/index.ts';
import { giveBuffer, takeBuffer } from './buffers.ts';
import type { StorageDriver } from './driver.ts';
import { uploadData, uploadFolder, uploadsPath, uploadStart } from './paths.ts';

/** Uploads whose hash is remembered; what came of the others is read again when they go on. */
const MAX_SESSIONS = 10_000;

interface Session {
  readonly algorithm: Algorithm;
  hash: Hash;
  size: number;
}

export interface UploadState {
  readonly id: string;
  readonly size: number;
}

export interface UploadPart {
  readonly source: AsyncIterable<Buffer>;
  /** The offset that the client says its bytes have; undefined: at the end, whatever that is. */
  readonly start?: number | undefined;
  /** How many bytes are to come, when the client said so. */
  readonly length?: number | undefined;
  /** When the upload is empty, hash by this at once. */
  readonly algorithm?: Algorithm | undefined;
  /** More are refused. */
  readonly most: number;
}

export class Uploads {
  readonly #driver: StorageDriver;
  readonly #most: number;
  readonly #sessions = new Map<string, Session>();
  readonly #mutex = new KeyedMutex();

  constructor(driver: StorageDriver, most = MAX_SESSIONS) {
    this.#driver = driver;
    this.#most = most;
  }

  async start(name: string, algorithm: Algorithm = 'sha256'): Promise<UploadState> {
    const id = randomUUID();
    await this.#driver.write(uploadStart(name, id), new Date().toISOString(), 'settled');
    this.#remember(id, { algorithm, hash: createHash(algorithm), size: 0 });
    return { id, size: 0 };
  }

  /** Throws BLOB_UPLOAD_UNKNOWN. */
  async state(name: string, id: string): Promise<UploadState> {
    await this.#known(name, id);
    const facts = await this.#driver.facts(uploadData(name, id));
    return { id, size: this.#sessions.get(id)?.size ?? facts?.size ?? 0 };
  }

  /** What of it came stays when the client goes away in the middle, unless it had said which bytes they would be. */
  append(name: string, id: string, part: UploadPart): Promise<UploadState> {
    return this.#mutex.run(id, async () => {
      const session = await this.#session(name, id, part.algorithm);
      if (part.start !== undefined && part.start !== session.size)
        throw new RegistryError('RANGE_INVALID', {
          message: `invalid content range: the upload has ${session.size} bytes, the next chunk begins at ${part.start}`,
        });
      await this.#write(name, id, session, part);
      return { id, size: session.size };
    });
  }

  /** Moves the bytes to where `target` says when they are what `digest` says; an upload that is not stays as it was. */
  finish(
    name: string,
    id: string,
    digest: BlobDigest,
    target: string,
    isThere: () => Promise<boolean>,
  ): Promise<number> {
    return this.#mutex.run(id, async () => {
      const session = await this.#session(name, id, digest.algorithm);
      const path = uploadData(name, id);
      const hex =
        session.algorithm === digest.algorithm
          ? session.hash.copy().digest('hex')
          : (await this.#hashFile(path, digest.algorithm)).digest('hex');
      if (hex !== digest.hex)
        throw new RegistryError('DIGEST_INVALID', {
          detail: { digest: digest.text, got: `${digest.algorithm}:${hex}` },
        });
      if (!(await isThere())) {
        const appender = await this.#driver.append(path);
        try {
          await appender.sync();
        } finally {
          await appender.close();
        }
        await this.#driver.move(path, target);
      }
      return session.size;
    });
  }

  async cancel(name: string, id: string): Promise<void> {
    this.#sessions.delete(id);
    await this.#driver.remove(uploadFolder(name, id));
  }

  /** Removes uploads that nobody went on with since `before`; answers how many. */
  async sweep(name: string, before: number): Promise<number> {
    let swept = 0;
    for (const id of await this.#driver.list(uploadsPath(name))) {
      const begun = await this.#driver.facts(uploadStart(name, id));
      const data = await this.#driver.facts(uploadData(name, id));
      if (Math.max(begun?.changedAt ?? 0, data?.changedAt ?? 0) >= before) continue;
      await this.cancel(name, id);
      swept += 1;
    }
    return swept;
  }

  async #known(name: string, id: string): Promise<void> {
    const known = /^[0-9a-f-]{36}$/.test(id) && (await this.#driver.facts(uploadStart(name, id)));
    if (!known) throw new RegistryError('BLOB_UPLOAD_UNKNOWN', { detail: id });
  }

  /** Of a process before this one the bytes are read again. */
  async #session(name: string, id: string, algorithm: Algorithm = 'sha256'): Promise<Session> {
    await this.#known(name, id);
    const known = this.#sessions.get(id);
    if (known && (known.size > 0 || known.algorithm === algorithm)) return known;
    const path = uploadData(name, id);
    const size = (await this.#driver.facts(path))?.size ?? 0;
    const hash = size === 0 ? createHash(algorithm) : await this.#hashFile(path, algorithm);
    const session: Session = { algorithm, hash, size };
    this.#remember(id, session);
    return session;
  }

  #remember(id: string, session: Session): void {
    this.#sessions.set(id, session);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > this.#most && oldest !== undefined) this.#sessions.delete(oldest);
  }

  async #hashFile(path: string, algorithm: Algorithm): Promise<Hash> {
    const hash = createHash(algorithm);
    if (await this.#driver.facts(path))
      for await (const chunk of this.#driver.stream(path) as AsyncIterable<Buffer>) hash.update(chunk);
    return hash;
  }

  async #write(name: string, id: string, session: Session, part: UploadPart): Promise<void> {
    const before = { size: session.size, hash: session.hash.copy() };
    const appender = await this.#driver.append(uploadData(name, id));
    // two buffers: one is filled while a thread writes the other
    let [filling, other] = [takeBuffer(), takeBuffer()];
    let gathered = 0;
    let writing: Promise<void> = Promise.resolve();
    const flush = async (): Promise<void> => {
      await writing;
      if (gathered === 0) return;
      const batch = filling.subarray(0, gathered);
      [filling, other] = [other, filling];
      gathered = 0;
      writing = appender.write([batch]);
      // the thread writes while this one hashes
      writing.catch(() => undefined);
      session.hash.update(batch);
      session.size += batch.length;
    };
    try {
      for await (const chunk of part.source) {
        if (session.size + gathered + chunk.length > part.most)
          throw new RegistryError('SIZE_INVALID', {
            status: 413,
            message: `a blob may have ${part.most} bytes at most`,
          });
        for (let at = 0; at < chunk.length; ) {
          const copied = chunk.copy(filling, gathered, at);
          at += copied;
          gathered += copied;
          if (gathered === filling.length) await flush();
        }
        usedUp(chunk.length);
      }
      await flush();
      await writing;
      const came = session.size - before.size;
      if (part.length !== undefined && came !== part.length)
        throw new RegistryError('SIZE_INVALID', { detail: { expected: part.length, got: came } });
    } catch (error) {
      await writing.catch(() => undefined);
      // a stream that broke off is gone on with from where it was; what broke a promise of the client is taken back
      const keep =
        part.start === undefined &&
        !(error instanceof RegistryError) &&
        (await flush()
          .then(() => writing)
          .then(
            () => true,
            () => false,
          ));
      if (!keep) {
        await appender.truncate(before.size).catch(() => undefined);
        session.size = before.size;
        session.hash = before.hash;
      }
      throw error;
    } finally {
      await appender.close();
      giveBuffer(filling);
      giveBuffer(other);
    }
  }
}

// The storage driver over a bucket that speaks S3: small objects at once, large ones in parts; uploads grow on the disk first.
import { existsSync, mkdirSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { AwsClient } from 'aws4fetch';
import { internal, invalid, unavailable } from '../../base/errors.ts';
import type { Appender, ObjectFacts, Range, StorageDriver } from './driver.ts';
import { FileSystem } from './filesystem.ts';

export interface BucketPlace {
  /** `https://s3.example.com/bucket/prefix`: the bucket is the first part of the path. */
  readonly url: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** Where uploads grow. */
  readonly spool: string;
}

/** S3 takes no smaller ones, but for the last. */
const PART_BYTES = 16 * 1024 * 1024;
/** Objects that are removed at a time. */
const AT_ONCE = 8;
const RETRIES = 4;
const EMPTY_QUERY = {};

export class Bucket implements StorageDriver {
  readonly #client: AwsClient;
  readonly #base: string;
  readonly #prefix: string;
  readonly #spool: FileSystem;
  readonly #spoolRoot: string;

  constructor({ url, region, accessKeyId, secretAccessKey, sessionToken, spool }: BucketPlace) {
    const { origin, pathname } = new URL(url);
    const [bucket = '', ...prefix] = pathname.split('/').filter((part) => part !== '');
    if (bucket === '') throw invalid(`${url} names no bucket: https://HOST/BUCKET[/PREFIX] is wanted`);
    this.#base = `${origin}/${bucket}`;
    this.#prefix = prefix.map((part) => `${part}/`).join('');
    this.#client = new AwsClient({
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      region,
      service: 's3',
      retries: RETRIES,
    });
    this.#spoolRoot = spool;
    mkdirSync(spool, { recursive: true, mode: 0o700 });
    this.#spool = new FileSystem(spool);
  }

  async read(path: string): Promise<Buffer | undefined> {
    const response = await this.#ask('GET', path, { missing: true });
    return response && Buffer.from(await response.arrayBuffer());
  }

  async facts(path: string): Promise<ObjectFacts | undefined> {
    if (this.#isSpooled(path)) return this.#spool.facts(path);
    const response = await this.#ask('HEAD', path, { missing: true });
    if (!response) return undefined;
    return {
      size: Number(response.headers.get('content-length')),
      changedAt: Date.parse(response.headers.get('last-modified') ?? '') || 0,
    };
  }

  stream(path: string, range?: Range): Readable {
    if (this.#isSpooled(path)) return this.#spool.stream(path, range);
    return Readable.from(this.#bytes(path, range), { objectMode: false });
  }

  async send(path: string, range: Range, take: (piece: Buffer) => Promise<void>): Promise<void> {
    if (range.end < range.start) return;
    if (this.#isSpooled(path)) await this.#spool.send(path, range, take);
    else for await (const piece of this.#bytes(path, range)) await take(piece);
  }

  async write(path: string, content: string | Uint8Array): Promise<void> {
    await this.#ask('PUT', path, { body: Buffer.from(content) });
  }

  async list(path: string): Promise<readonly string[]> {
    const head = `${this.#prefix}${path}/`;
    const names: string[] = [];
    for await (const key of this.#keys(head, true)) names.push(key.slice(head.length).replace(/\/$/, ''));
    for (const name of await this.#spool.list(path)) if (!names.includes(name)) names.push(name);
    return names.filter((name) => name !== '');
  }

  async remove(path: string): Promise<void> {
    await this.#spool.remove(path);
    await this.#ask('DELETE', path, { missing: true });
    let batch: Promise<unknown>[] = [];
    for await (const key of this.#keys(`${this.#prefix}${path}/`, false)) {
      batch.push(this.#ask('DELETE', key.slice(this.#prefix.length), { missing: true }));
      if (batch.length < AT_ONCE) continue;
      await Promise.all(batch);
      batch = [];
    }
    await Promise.all(batch);
  }

  append(path: string): Promise<Appender> {
    return this.#spool.append(path);
  }

  /** Of what was appended only: it leaves the disk for the bucket. */
  async move(from: string, to: string): Promise<void> {
    if (!this.#isSpooled(from)) throw internal(`${from} did not grow here`);
    const file = await open(join(this.#spoolRoot, from), 'r');
    try {
      const { size } = await file.stat();
      if (size <= PART_BYTES) await this.#ask('PUT', to, { body: await readPart(file, 0, size) });
      else await this.#putParts(file, size, to);
    } finally {
      await file.close();
    }
    await rm(join(this.#spoolRoot, from), { force: true });
  }

  /** What a bucket has said yes to is for good. */
  settle(): Promise<void> {
    return Promise.resolve();
  }

  async #putParts(file: FileHandle, size: number, to: string): Promise<void> {
    const begun = await this.#ask('POST', to, { query: { uploads: '' } });
    const uploadId = texts(await textOf(begun), 'UploadId')[0] ?? '';
    try {
      const parts: string[] = [];
      for (let at = 0; at < size; at += PART_BYTES) {
        const body = await readPart(file, at, Math.min(PART_BYTES, size - at));
        const partNumber = String(parts.length + 1);
        const done = await this.#ask('PUT', to, { query: { partNumber, uploadId }, body });
        parts.push(
          `<Part><PartNumber>${partNumber}</PartNumber><ETag>${done?.headers.get('etag') ?? ''}</ETag></Part>`,
        );
      }
      const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
      const answer = await textOf(await this.#ask('POST', to, { query: { uploadId }, body }));
      // this one can fail after it has said 200
      if (texts(answer, 'Code').length > 0) throw unavailable(`the bucket did not put ${to} together: ${answer}`);
    } catch (error) {
      await this.#ask('DELETE', to, { query: { uploadId }, missing: true }).catch(() => undefined);
      throw error;
    }
  }

  async *#bytes(path: string, range?: Range): AsyncGenerator<Buffer> {
    const headers = range ? { Range: `bytes=${range.start}-${range.end}` } : {};
    const response = await this.#ask('GET', path, { headers });
    if (!response?.body) return;
    for await (const chunk of Readable.fromWeb(response.body) as AsyncIterable<Buffer>) yield chunk;
  }

  /** Full keys below `prefix`; `isFlat`: names directly below, those of folders with a slash behind. */
  async *#keys(prefix: string, isFlat: boolean): AsyncGenerator<string> {
    let token: string | undefined;
    do {
      const query = {
        'list-type': '2',
        prefix,
        ...(isFlat ? { delimiter: '/' } : {}),
        ...(token === undefined ? {} : { 'continuation-token': token }),
      };
      const answer = await textOf(await this.#ask('GET', undefined, { query }));
      yield* texts(answer, 'Key');
      if (isFlat) for (const group of texts(answer, 'CommonPrefixes')) yield* texts(group, 'Prefix');
      token = texts(answer, 'IsTruncated')[0] === 'true' ? texts(answer, 'NextContinuationToken')[0] : undefined;
    } while (token !== undefined);
  }

  #isSpooled(path: string): boolean {
    return existsSync(join(this.#spoolRoot, path));
  }

  /** undefined only with `missing`, for what is not there. Throws unavailable with what the bucket said. */
  async #ask(
    method: string,
    path: string | undefined,
    {
      query = EMPTY_QUERY,
      headers = {},
      body,
      missing = false,
    }: {
      readonly query?: Readonly<Record<string, string>>;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: Buffer;
      readonly missing?: boolean;
    },
  ): Promise<Response | undefined> {
    const key = path === undefined ? '' : `/${(this.#prefix + path).split('/').map(encodeURIComponent).join('/')}`;
    const search = new URLSearchParams(query).toString();
    const url = `${this.#base}${key}${search === '' ? '' : `?${search}`}`;
    let response: Response;
    try {
      response = await this.#client.fetch(url, { method, headers, ...(body ? { body: new Uint8Array(body) } : {}) });
    } catch (error) {
      throw unavailable(`the bucket at ${this.#base} does not answer: ${reasonOf(error)}`);
    }
    if (response.ok) return response;
    const said = await response.text();
    // a bucket that is not there must not look like one that is empty
    if (missing && response.status === 404 && !said.includes('NoSuchBucket')) return undefined;
    throw unavailable(
      `the bucket at ${this.#base} answers ${response.status} to ${method}: ${texts(said, 'Message')[0] ?? said}`,
    );
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);

async function readPart(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const part = Buffer.allocUnsafe(length);
  for (let have = 0; have < length; ) {
    const { bytesRead } = await file.read(part, have, length - have, at + have);
    if (bytesRead === 0) throw internal('an upload became shorter while it was read');
    have += bytesRead;
  }
  return part;
}

const textOf = async (response: Response | undefined): Promise<string> => (await response?.text()) ?? '';

/** The texts of an element, of the flat XML that S3 answers with. */
function texts(xml: string, name: string): readonly string[] {
  const found: string[] = [];
  for (let at = xml.indexOf(`<${name}>`); at >= 0; at = xml.indexOf(`<${name}>`, at)) {
    const end = xml.indexOf(`</${name}>`, at);
    if (end < 0) break;
    found.push(decode(xml.slice(at + name.length + 2, end)));
    at = end;
  }
  return found;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function decode(text: string): string {
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => ENTITIES[name] ?? '');
}

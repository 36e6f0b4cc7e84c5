// Pushes that go on to other registries: which repositories to where, and the copying of an image with all that it names.
import type { DatabaseSync } from 'node:sqlite';
import { notFound, unavailable } from '../../base/errors.ts';
import type { Registries, Remote } from '../../registry/client/index.ts';
import { checkDigest, checkReference, matchesPattern, readManifest } from '../model/index.ts';
import type { Storage } from '../storage/index.ts';
import type { Job, JobQueue } from './queue.ts';
import { type Rule, ruleOf, titleOf } from './rule.ts';
import { splitAddress } from './upstreams.ts';

interface Order {
  readonly repository: string;
  readonly reference: string;
}

/** An index within an index within …: deeper ones are refused. */
const MAX_DEPTH = 4;
/** A copy that takes longer is begun again, milliseconds. */
const COPY_MS = 3_600_000;

export class Replicas {
  readonly #database: DatabaseSync;
  readonly #storage: Storage;
  readonly #registries: Registries;

  constructor(database: DatabaseSync, storage: Storage, registries: Registries) {
    this.#database = database;
    this.#storage = storage;
    this.#registries = registries;
  }

  announce(queue: JobQueue, repository: string, references: readonly string[]): void {
    for (const replica of listReplicas(this.#database))
      if (matchesPattern(replica.pattern, repository))
        for (const reference of references)
          queue.add('replicate', titleOf(replica), JSON.stringify({ repository, reference } satisfies Order));
  }

  /** Throws when the other registry refuses, or something of the image is missing here. */
  async copy({ target, body }: Job): Promise<void> {
    const { repository, reference } = JSON.parse(body) as Order;
    const replica = listReplicas(this.#database).find((one) => titleOf(one) === target);
    // it was removed meanwhile
    if (!replica) return;
    const path = replica.path === '' ? repository : `${replica.path}/${repository}`;
    const login = replica.account === '' ? {} : { username: replica.account, password: replica.secret };
    const signal = AbortSignal.timeout(COPY_MS);
    const remote = await this.#registries.writer(replica.domain, path, login, signal);
    await this.#copyManifest(remote, repository, reference, signal, 0);
  }

  async #copyManifest(
    remote: Remote,
    repository: string,
    text: string,
    signal: AbortSignal,
    depth: number,
  ): Promise<void> {
    const { repositories, blobs } = this.#storage;
    const reference = checkReference(text);
    const digest = reference.kind === 'tag' ? await repositories.tagged(repository, reference.tag) : reference.digest;
    const content = digest && (await blobs.read(digest));
    // it was deleted meanwhile
    if (!content && depth === 0) return;
    if (!content || depth > MAX_DEPTH) throw unavailable(`${text} of ${repository} is not whole here`);
    const info = readManifest(content, '');
    for (const child of info.isIndex ? info.children : [])
      await this.#copyManifest(remote, repository, child.digest, signal, depth + 1);
    for (const child of info.isIndex ? [] : [...(info.config ? [info.config] : []), ...info.children])
      if (child.needed) await this.#copyBlob(remote, child.digest, child.size, signal);
    await remote.putManifest(text, info.mediaType, content, signal);
  }

  async #copyBlob(remote: Remote, digest: string, length: number, signal: AbortSignal): Promise<void> {
    if ((await remote.blobSize(digest, signal)) !== undefined) return;
    const upload = await remote.startUpload(signal);
    const stream = this.#storage.blobs.stream(checkDigest(digest));
    await remote.finishUpload(upload, digest, { stream, length }, signal);
  }
}

export function listReplicas(database: DatabaseSync): readonly Rule[] {
  return database
    .prepare('SELECT pattern, domain, path, account, secret FROM replica ORDER BY pattern, domain')
    .all()
    .map(ruleOf);
}

export function setReplica(
  database: DatabaseSync,
  pattern: string,
  address: string,
  account: string,
  secret: string,
): void {
  const { domain, path } = splitAddress(address);
  database
    .prepare('INSERT OR REPLACE INTO replica (pattern, domain, path, account, secret) VALUES (?, ?, ?, ?, ?)')
    .run(pattern, domain, path, account, secret);
}

export function removeReplica(database: DatabaseSync, pattern: string, address: string): void {
  const { domain, path } = splitAddress(address);
  const { changes } = database
    .prepare('DELETE FROM replica WHERE pattern = ? AND domain = ? AND path = ?')
    .run(pattern, domain, path);
  if (changes === 0) throw notFound(`pushes to ${pattern} do not go to ${address}`);
}

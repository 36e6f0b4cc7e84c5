// Pulls through to an upstream: what is not here is brought, a tag is looked after once a minute, and what is here is given when the
// upstream does not answer.
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { RefusedError, type Registries, type Remote } from '../../registry/client/index.ts';
import { type BlobDigest, type Reference, RegistryError } from '../model/index.ts';
import { keepBlob, keepManifest, type KeepPlace } from './keep.ts';
import type { Upstreams } from './upstreams.ts';

/** A tag is asked for upstream when it was not for so long, milliseconds. */
const FRESH_MS = 60_000;
/** After a failure the upstream has a rest. */
const REST_MS = 20_000;
/** For a manifest; the bytes of a blob may take as long as they come. */
const ANSWER_MS = 15_000;
/** Tags that are remembered as fresh. */
const MAX_FRESH = 50_000;

export interface MirrorPlace extends KeepPlace {
  readonly upstreams: Upstreams;
  readonly registries: Registries;
  readonly log: Log;
}

export class Mirror {
  readonly #place: MirrorPlace;
  /** When a tag was found to be what the upstream has. */
  readonly #fresh = new Map<string, number>();
  readonly #failed = new Map<string, { readonly until: number; readonly why: string }>();
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(place: MirrorPlace) {
    this.#place = place;
  }

  has(name: string): boolean {
    return this.#place.upstreams.of(name) !== undefined;
  }

  /** Afterwards it is here, if it is anywhere. Answers why it may be old. Throws UNAVAILABLE when nothing is here and nobody answers. */
  async bringManifest(name: string, reference: Reference): Promise<string | undefined> {
    const found = this.#place.upstreams.of(name);
    if (!found) return undefined;
    const { repositories } = this.#place.storage;
    const text = reference.kind === 'tag' ? reference.tag : reference.digest.text;
    const key = `${name}:${text}`;
    const digest = reference.kind === 'tag' ? await repositories.tagged(name, reference.tag) : reference.digest;
    const isHere = digest !== undefined && (await repositories.hasManifest(name, digest));
    if (isHere && (reference.kind === 'digest' || (this.#fresh.get(key) ?? 0) > Date.now() - FRESH_MS))
      return undefined;
    const rest = this.#failed.get(found.upstream.prefix);
    if (isHere && rest && rest.until > Date.now()) return rest.why;
    try {
      await this.#once(key, () => this.#fetchManifest(name, found.path, text, isHere ? digest : undefined));
      this.#failed.delete(found.upstream.prefix);
      return undefined;
    } catch (error) {
      const isGone =
        error instanceof RefusedError && (error.status === 404 || error.status === 401 || error.status === 403);
      const why = `${found.upstream.domain}: ${messageOf(error)}`;
      if (!isGone) this.#failed.set(found.upstream.prefix, { until: Date.now() + REST_MS, why });
      if (isHere) {
        this.#place.log.warn(`${name}:${text} is given as it was: ${why}`);
        return why;
      }
      if (isGone) return undefined;
      throw new RegistryError('UNAVAILABLE', { message: `the upstream does not answer: ${why}` });
    }
  }

  async bringBlob(name: string, digest: BlobDigest): Promise<void> {
    const found = this.#place.upstreams.of(name);
    if (!found || (await this.#place.storage.repositories.hasBlob(name, digest))) return;
    try {
      await this.#once(`${name}@${digest.text}`, () => this.#fetchBlob(name, found.path, digest));
    } catch (error) {
      if (error instanceof RefusedError && error.status === 404) return;
      throw new RegistryError('UNAVAILABLE', {
        message: `the upstream does not answer: ${found.upstream.domain}: ${messageOf(error)}`,
      });
    }
  }

  async #remote(name: string, path: string, signal: AbortSignal): Promise<Remote> {
    const { upstream } = this.#place.upstreams.of(name) ?? {};
    const login = upstream && upstream.account !== '' ? { username: upstream.account, password: upstream.secret } : {};
    return this.#place.registries.writer(upstream?.domain ?? '', path, login, signal);
  }

  async #fetchManifest(name: string, path: string, text: string, known: BlobDigest | undefined): Promise<void> {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const remote = await this.#remote(name, path, signal);
    const isTag = !text.includes(':');
    const same = known !== undefined && (await remote.manifestDigest(text, signal)) === known.text;
    if (!same) {
      await keepManifest(this.#place, name, await remote.manifestBytes(text, signal), isTag ? text : undefined);
    }
    if (!isTag) return;
    const [oldest] = this.#fresh.keys();
    if (this.#fresh.size >= MAX_FRESH && oldest !== undefined) this.#fresh.delete(oldest);
    this.#fresh.set(`${name}:${text}`, Date.now());
  }

  async #fetchBlob(name: string, path: string, digest: BlobDigest): Promise<void> {
    const remote = await this.#remote(name, path, AbortSignal.timeout(ANSWER_MS));
    // its bytes may take as long as they come
    await keepBlob(this.#place, remote, name, digest, new AbortController().signal);
  }

  /** Whoever asks for the same meanwhile waits for the same. */
  #once(key: string, work: () => Promise<unknown>): Promise<unknown> {
    const running = this.#running.get(key);
    if (running) return running;
    const begun = work().finally(() => this.#running.delete(key));
    this.#running.set(key, begun);
    return begun;
  }
}

// Caches of others in one build: which steps they know, and the layers of those brought here when they are needed.
import { createHash } from 'node:crypto';
import { BerthError, cancelled, invalid, messageOf } from '../../../base/errors.ts';
import type { Digest } from '../../../base/ids.ts';
import { chainsOf, type Lease } from '../../../store/index.ts';
import type { BuilderContext } from '../../services/context.ts';
import type { CacheRemote } from '../../model/ports.ts';
import { Limit } from '../../model/limit.ts';
import type { CacheEntry, CacheLayer } from './config.ts';

/** A step that a cache of others knows. */
export interface Imported {
  /** All that the cache has for it: what this build has not looked at leads there too. */
  readonly keys: readonly string[];
  readonly id: string;
  readonly created: string | undefined;
  /** Undefined when the step alone is told: who needs its files has to do it. */
  readonly result: { readonly chain: Digest; readonly layers: readonly CacheLayer[] } | undefined;
  readonly source: ImportSource;
}

/** One cache, by the name that the build gave for it. */
export interface ImportSource {
  readonly name: string;
  /** The vertex that told of it. */
  readonly vertex: string;
  /** Undefined for the cache in an image that is here: its layers are too. */
  readonly remote: CacheRemote | undefined;
}

/** Something that a cache had promised could not be had: the build goes on without it. */
export class ImportFailure extends BerthError {
  readonly source: ImportSource;
  constructor(source: ImportSource, cause: unknown) {
    super('unavailable', `the cache ${source.name} is not used: ${messageOf(cause)}`, { cause });
    this.source = source;
  }
}

/** Layers that come at a time. */
const DOWNLOADS = 4;

export class Imports {
  readonly #entries = new Map<string, Imported>();
  readonly #coming = new Map<Digest, Promise<unknown>>();
  /** Whoever waits for a layer below has asked for it before, so that it has its turn before. */
  readonly #lanes = new Limit(DOWNLOADS);

  /** Steps with a result come before those without, and otherwise what was named first. */
  add(source: ImportSource, entries: readonly CacheEntry[]): void {
    const keys = new Map<string, string[]>();
    for (const { key, id } of entries) keys.set(id, [...(keys.get(id) ?? []), key]);
    for (const { key, id, created, layers } of entries) {
      const before = this.#entries.get(key);
      const chain = layers && chainsOf(layers.map(({ diffId }) => diffId)).at(-1);
      if (before && (before.result || chain === undefined)) continue;
      const result = layers && chain !== undefined ? { chain, layers } : undefined;
      this.#entries.set(key, { keys: keys.get(id) ?? [key], id, created, result, source });
    }
  }

  find(keys: readonly string[]): Imported | undefined {
    return keys.map((key) => this.#entries.get(key)).find((one) => one !== undefined);
  }

  drop(source: ImportSource): void {
    for (const [key, one] of this.#entries) if (one.source === source) this.#entries.delete(key);
  }

  /** The layers of a step, in the store. Throws ImportFailure. */
  async bring(context: BuilderContext, one: Imported, lease: Lease, signal: AbortSignal): Promise<void> {
    const { result, source } = one;
    if (!result) return;
    const chains = chainsOf(result.layers.map(({ diffId }) => diffId));
    for (const chain of chains) lease.layers.add(chain);
    // all at once, each a layer when the one below it is; a mistake in one ends the others
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const works: Promise<unknown>[] = [];
    for (const [at, chain] of chains.entries()) {
      const before = works[at - 1] ?? Promise.resolve();
      const here = context.store.layers.get(chain);
      const work = here
        ? before
        : (this.#coming.get(chain) ??
          this.#fetch(context, one, at, chains[at - 1], { lease, before, signal: both }).finally(() =>
            this.#coming.delete(chain),
          ));
      if (!here) this.#coming.set(chain, work);
      work.catch((error: unknown) => stop.abort(error));
      works.push(work);
    }
    await Promise.allSettled(works);
    if (signal.aborted) throw cancelled('context canceled');
    if (stop.signal.aborted) throw new ImportFailure(source, stop.signal.reason);
  }

  #fetch(
    { store }: BuilderContext,
    { result, source }: Imported,
    at: number,
    parent: Digest | undefined,
    { lease, before, signal }: { lease: Lease; before: Promise<unknown>; signal: AbortSignal },
  ): Promise<unknown> {
    const layer = result?.layers[at];
    const { remote, name } = source;
    return this.#lanes.run(async () => {
      if (!remote || !layer) throw invalid(`a layer of ${name} is missing`);
      const once = async (): Promise<unknown> => {
        const content = checked(remote.blob(layer.digest, signal), layer);
        return store.layers.register(parent, content, lease, { diffId: layer.diffId, after: () => before, signal });
      };
      try {
        await once();
      } catch (error) {
        // a connection that broke may not break again; what is wrong stays wrong
        if (signal.aborted || (error instanceof BerthError && error.kind === 'invalid')) throw error;
        await once();
      }
    }, signal);
  }
}

/** The bytes of a blob as they come; throws at the end when they are not what the digest says, and before when they are more. */
export async function* checked(
  source: AsyncIterable<Uint8Array>,
  { digest, size }: { readonly digest: Digest; readonly size: number },
): AsyncGenerator<Uint8Array, void, void> {
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of source) {
    length += chunk.length;
    if (length > size) throw invalid(`blob ${digest} has more than the ${size} bytes that it should have`);
    hash.update(chunk);
    yield chunk;
  }
  if (`sha256:${hash.digest('hex')}` !== digest) throw invalid(`blob ${digest} is damaged: its digest is another`);
}

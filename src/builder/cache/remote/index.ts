// Caches of others at a build's beginning, and its own for others at its end.
import { invalid, messageOf } from '../../../base/errors.ts';
import { type Digest, isDigest } from '../../../base/ids.ts';
import type { Platform } from '../../../spec/oci/index.ts';
import type { BuilderContext } from '../../services/context.ts';
import { internalStep, internalVertex } from '../../model/internal-step.ts';
import type { CacheRemote } from '../../model/ports.ts';
import type { BuildRequest, BuildSink, CacheExport, CacheImport } from '../../model/request.ts';
import { type ImportFailure, Imports } from './imports.ts';
import { NO_CACHE, readCache, readLocalImage } from './read.ts';
import { type Known, writeCache, type WriteRequest } from './write.ts';

interface Build {
  readonly context: BuilderContext;
  readonly request: BuildRequest;
  readonly id: string;
  readonly sink: BuildSink;
  readonly signal: AbortSignal;
}

/** One that cannot be had is a warning. */
export async function importCaches(build: Build, platforms: readonly Platform[]): Promise<Imports> {
  const imports = new Imports();
  await Promise.all(
    (build.request.cacheImports ?? []).map(async (spec) => {
      const name = nameOf(spec);
      const step = `importing cache manifest from ${name}`;
      const vertex = internalVertex(build.id, step);
      try {
        await internalStep(build.sink, build.id, step, () => importOne(build, spec, platforms, imports, vertex), '');
      } catch (error) {
        if (build.signal.aborted) throw error;
        warn(build.sink, vertex, `the cache ${name} is not used: ${messageOf(error)}`);
      }
    }),
  );
  return imports;
}

function nameOf({ type, attributes }: CacheImport): string {
  return attributes['ref'] ?? attributes['src'] ?? type;
}

async function importOne(
  { context, request, signal }: Build,
  spec: CacheImport,
  platforms: readonly Platform[],
  imports: Imports,
  vertex: string,
): Promise<void> {
  const name = nameOf(spec);
  const { type, attributes } = spec;
  let remote: CacheRemote;
  let digest: Digest | undefined;
  if (type === 'registry' || type === 'inline') {
    const reference = attributes['ref'] ?? '';
    if (reference === '') throw invalid('registry cache importer requires ref');
    const images = platforms
      .map((platform) => context.images.find(reference, platform))
      .filter((one) => one !== undefined);
    const local = images.flatMap(({ file }) => readLocalImage(file) ?? []);
    if (local.length > 0) return imports.add({ name, vertex, remote: undefined }, local);
    const open = (): Promise<CacheRemote> => context.images.cache(reference, request.credentials, signal);
    if (images.length > 0) {
      // the image is here and has none; its registry may have another of that name
      const there = await open()
        .then(async (one) => ({ remote: one, entries: await readCache(one, undefined, signal) }))
        .catch(() => undefined);
      if (!there) throw invalid(NO_CACHE);
      return imports.add({ name, vertex, remote: there.remote }, there.entries);
    }
    remote = await open();
  } else if (type === 'local') {
    if (!spec.store) throw invalid('local cache importer requires src');
    const text = attributes['digest'];
    if (text !== undefined && !isDigest(text)) throw invalid(`invalid digest ${JSON.stringify(text)}`);
    digest = text;
    remote = spec.store;
  } else throw invalid(`unknown cache importer: ${type}`);
  imports.add({ name, vertex, remote }, await readCache(remote, digest, signal));
}

/** The build goes on without a cache that does not hold what it says. */
export function dropCache(imports: Imports, { source, message }: ImportFailure, sink: BuildSink): void {
  imports.drop(source);
  warn(sink, source.vertex, message);
}

function warn(sink: BuildSink, vertex: string, short: string): void {
  const none = { detail: [], url: '', file: '', source: new Uint8Array(), ranges: [] };
  sink({ kind: 'warning', vertex, rule: 'CacheImport', short, ...none });
}

/** What a build is to tell of itself in an image. */
export function wantsInline({ cacheExports, buildArgs }: BuildRequest): boolean {
  const argument = buildArgs?.get('BUILDKIT_INLINE_CACHE') ?? '';
  return (cacheExports ?? []).some(({ type }) => type === 'inline') || /^(1|t|true)$/i.test(argument);
}

/** Throws invalid for a kind that is not there, before anything is built. */
export function checkExports(exports: readonly CacheExport[]): void {
  for (const { type, attributes, store } of exports) {
    if (!['inline', 'registry', 'local'].includes(type))
      throw invalid(`unknown cache exporter: ${JSON.stringify(type)}`);
    if (type === 'registry' && !attributes['ref']) throw invalid('registry cache exporter requires ref');
    if (type === 'local' && !store) throw invalid('local cache exporter requires dest');
  }
}

/** Writes all that were asked for, and gives what clients are told of them. */
export async function exportCaches(
  build: Build,
  steps: readonly Known[],
  final: WriteRequest['results'],
): Promise<Readonly<Record<string, string>>> {
  const notified: Record<string, string> = {};
  for (const one of build.request.cacheExports ?? []) {
    if (one.type === 'inline') continue;
    const step = one.type === 'local' ? 'exporting cache to client directory' : `exporting cache to ${one.type}`;
    try {
      const descriptor = await internalStep(
        build.sink,
        build.id,
        step,
        async (report) => {
          const remote =
            one.store ??
            (await build.context.images.cache(one.attributes['ref'] ?? '', build.request.credentials, build.signal));
          const spec: WriteRequest = {
            steps,
            results: one.mode === 'max' ? 'all' : final,
            asIndex: one.attributes['image-manifest'] === 'false',
          };
          const say = (id: string, current: number, total: number): void =>
            report({ id, current, total, done: current >= total });
          return writeCache(build.context, remote, spec, say, build.signal);
        },
        '',
      );
      notified['cache.manifest'] = JSON.stringify(descriptor);
    } catch (error) {
      if (build.signal.aborted || one.attributes['ignore-error'] !== 'true') throw error;
    }
  }
  return notified;
}

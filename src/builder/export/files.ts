// Archives and directories for the client: `tar` and `local` hold the files, `docker` and `oci` the image.
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fullName } from '../model/full-name.ts';
import { packTar, type Place, scanBelow, TAR_TRAILER } from '../../host/sandbox/index.ts';
import { formatPlatform } from '../../spec/oci/index.ts';
import { attestationsOf } from '../attest/make.ts';
import { SPDX_TYPE } from '../attest/sbom.ts';
import { statementOf } from '../model/statement.ts';
import { attestRequest, wantsAttestations } from '../attest/request.ts';
import { switchedOn } from '../model/build-arguments.ts';
import type { BuildEnd, Solved } from '../solve/solved.ts';
import { lowerDirsOf } from '../ops/workspace.ts';
import type { BuildOutput } from '../model/request.ts';
import { indexArchive } from './archive.ts';
import { storeImages } from './image.ts';
import { type ExportOptions, needsManifest } from './options.ts';

type FileOutput = Extract<BuildOutput, { readonly target: unknown }>;

/** Gives what the client is told of it. */
export async function writeFiles(
  end: BuildEnd,
  output: FileOutput,
  solved: readonly Solved[],
  options: ExportOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const { context, request, signal } = end;
  if (output.type === 'docker' || output.type === 'oci') {
    const names = [...(request.tags ?? []), ...(output.names ?? [])];
    using lease = context.store.leases.take();
    const { attestations: _, ...plain } = request;
    // what is said of an image has no place in an archive of this kind
    const from = output.type === 'docker' ? { ...end, request: plain } : end;
    // Docker's archives have Docker's media types
    const asked =
      output.type === 'docker' && needsManifest(options)
        ? { ...options, ociMediaTypes: options.ociMediaTypes ?? false }
        : options;
    const { id, index, metadata } = await storeImages(from, solved, [], lease, asked, true);
    const archive = index
      ? indexArchive(context.store, index, names.map(fullName), output.type === 'docker')
      : context.images.save(id, names, signal);
    await output.target.write(archive, signal);
    return metadata;
  }
  const several = solved.length > 1 || switchedOn(end.request.buildArgs, 'BUILDKIT_MULTI_PLATFORM');
  await output.target.write(filesOf(end, solved, options.split ?? several, options.attestationPrefix), signal);
  return {};
}

/** One archive of the files of all platforms, each in a folder of its own when they are split. */
async function* filesOf(
  end: BuildEnd,
  solved: readonly Solved[],
  split: boolean,
  prefix: string,
): AsyncGenerator<Uint8Array, void, void> {
  const { context, request, signal } = end;
  const clamp = request.sourceDateEpoch === undefined ? {} : { clampTime: request.sourceDateEpoch };
  for (const one of solved) {
    const value = await one.solver.real(one.graph.result.vertex);
    if (value.kind !== 'layers') continue;
    const lowerDirs = lowerDirsOf(context, value.chain);
    const own = join(context.root, 'work', randomBytes(8).toString('hex'));
    try {
      const above = wantsAttestations(attestRequest(request.attestations))
        ? [await statementsBeside(end, one, join(own, 'above'), lowerDirs, join(own, 'at'), prefix)]
        : [];
      const place = placeOf([...above, ...lowerDirs], join(own, 'at'));
      const as = split ? { as: formatPlatform(one.platform).replaceAll('/', '_') } : {};
      yield* withoutEnd(packTar(place, { whiteouts: 'literal', ...clamp, ...as }, signal));
    } finally {
      rmSync(own, { recursive: true, force: true });
    }
  }
  yield TAR_TRAILER;
}

/** Layers as they are seen, topmost first. `at` is where they are put together. */
function placeOf(layers: readonly string[], at: string): Place {
  mkdirSync(at, { recursive: true, mode: 0o755 });
  return layers.length === 0 ? at : { kind: 'stack', at, lowerDirs: layers, binds: [] };
}

/** A layer above the others with what is said of their files: so it comes in its place among them, as receivers want it. */
async function statementsBeside(
  end: BuildEnd,
  one: Solved,
  above: string,
  lowerDirs: readonly string[],
  at: string,
  prefix: string,
): Promise<string> {
  const { signal, request } = end;
  const chain = await one.solver.real(one.graph.result.vertex);
  const about = await attestationsOf(end, one, chain.kind === 'layers' ? chain.chain : undefined);
  const files = await subjects(placeOf(lowerDirs, at), signal);
  const time = request.sourceDateEpoch ?? Math.floor(Date.now() / 1000);
  const [top] = lowerDirs;
  const root = top === undefined ? undefined : statSync(top);
  mkdirSync(above, { recursive: true, mode: 0o755 });
  for (const statement of about) {
    const name = statement.predicateType === SPDX_TYPE ? 'sbom.spdx.json' : 'provenance.json';
    const file = join(above, `${prefix.replaceAll('/', '_')}${name}`);
    writeFileSync(file, JSON.stringify(statementOf(statement, files)), { mode: 0o644 });
    utimesSync(file, time, time);
  }
  // it shows as the root of them all
  if (root) {
    chmodSync(above, root.mode & 0o7777);
    chownSync(above, root.uid, root.gid);
  }
  utimesSync(above, root?.mtime ?? time, root?.mtime ?? time);
  return above;
}

/** An archive is ended by two empty blocks; of several in a row only the last is. */
async function* withoutEnd(archive: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  let kept = Buffer.alloc(0);
  for await (const chunk of archive) {
    const all = Buffer.concat([kept, chunk]);
    const cut = Math.max(0, all.length - TAR_TRAILER.length);
    if (cut > 0) yield all.subarray(0, cut);
    kept = all.subarray(cut);
  }
}

type Subject = { readonly name: string; readonly digest: Readonly<Record<string, string>> };

/** Every file, by its digest: what is said is said of them. */
async function subjects(place: Place, signal: AbortSignal): Promise<Subject[]> {
  const manifest = await scanBelow(place, { paths: ['/'], digests: true }, signal);
  return [...manifest].flatMap(([path, { type, sha256 }]) =>
    type === 'file' ? [{ name: path.replace(/^\//, ''), digest: { sha256 } }] : [],
  );
}

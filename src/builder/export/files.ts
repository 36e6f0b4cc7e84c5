// Archives and directories for the client: `tar` and `local` hold the files, `docker` and `oci` the image.
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { notImplemented } from '../../base/errors.ts';
import { packTar } from '../../host/confined/index.ts';
import type { Solved } from '../build.ts';
import type { BuilderContext } from '../context.ts';
import { lowerDirsOf } from '../ops/workspace.ts';
import type { BuildOutput, BuildRequest, BuildSink } from '../request.ts';
import { storeImage } from './image.ts';

type FileOutput = Extract<BuildOutput, { readonly target: unknown }>;

export async function writeFiles(
  context: BuilderContext,
  request: BuildRequest,
  output: FileOutput,
  solved: readonly Solved[],
  sink: BuildSink,
  signal: AbortSignal,
): Promise<void> {
  const [first] = solved;
  if (!first) return;
  if (solved.length > 1) throw notImplemented(`several platforms as ${output.type} are not implemented`);
  if (output.type === 'docker' || output.type === 'oci') {
    const names = [...(request.tags ?? []), ...(output.names ?? [])];
    const built = await storeImage(context, request, first, [], sink, request.id ?? '');
    await output.target.write(context.images.save(built.id, names, signal), signal);
    return;
  }
  const value = await first.solver.real(first.graph.result.vertex);
  if (value.kind !== 'layers') return;
  const lowerDirs = lowerDirsOf(context, value.chain);
  const at = join(context.root, 'work', randomBytes(8).toString('hex'));
  mkdirSync(at, { recursive: true, mode: 0o700 });
  try {
    const clamp = request.sourceDateEpoch === undefined ? {} : { clampTime: request.sourceDateEpoch };
    const place = lowerDirs.length === 0 ? at : ({ kind: 'stack', at, lowerDirs, binds: [] } as const);
    await output.target.write(packTar(place, { whiteouts: 'literal', ...clamp }, signal), signal);
  } finally {
    rmSync(at, { recursive: true, force: true });
  }
}

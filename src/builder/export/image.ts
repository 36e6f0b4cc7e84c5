// The image of a build: its configuration out of the graph's result and the layers of its steps.
import { nowNanos, parseRfc3339, rfc3339 } from '../../base/clock.ts';
import { sha256, type Digest } from '../../base/ids.ts';
import type { HistoryEntry, ImageFile } from '../../spec/oci/index.ts';
import type { Solved } from '../build.ts';
import { INLINE_KEY } from '../cache/remote/config.ts';
import { wantsInline } from '../cache/remote/index.ts';
import { inlineCache } from '../cache/remote/write.ts';
import type { BuilderContext } from '../context.ts';
import type { Value } from '../solve/solver.ts';
import type { BuildRequest, BuildSink, BuiltImage } from '../request.ts';

/** The configuration file, and the layers it stands on. */
export async function imageFileOf(
  context: BuilderContext,
  request: BuildRequest,
  { graph, solver }: Solved,
): Promise<{ readonly file: ImageFile; readonly chain: Digest | undefined }> {
  const { result, vertices } = graph;
  const epoch =
    request.sourceDateEpoch === undefined ? undefined : rfc3339(BigInt(request.sourceDateEpoch) * 1_000_000_000n);
  const clamp = (time: string): string => (epoch !== undefined && later(time, epoch) ? epoch : time);
  const layersOf = async (vertex: number): Promise<Extract<Value, { kind: 'layers' }>> => {
    const value = await solver.known(vertex);
    if (value.kind !== 'layers') throw new Error('the result of the build is no file system');
    return value;
  };
  const history: HistoryEntry[] = [...(result.base?.history ?? [])];
  let time = history.at(-1)?.created;
  for (const { createdBy, vertex } of result.history) {
    let empty = true;
    if (vertex !== undefined) {
      const value = await layersOf(vertex);
      const below = vertices[vertex]?.inputs[0];
      empty = below !== undefined && (await layersOf(below)).chain === value.chain;
      if (value.created !== undefined && (time === undefined || later(value.created, time))) time = value.created;
    }
    time ??= rfc3339();
    history.push({
      created: clamp(time),
      created_by: createdBy,
      comment: 'berth.dockerfile.v0',
      ...(empty ? { empty_layer: true } : {}),
    });
  }
  const top = await solver.real(result.vertex);
  const chain = top.kind === 'layers' ? top.chain : undefined;
  const stack = chain === undefined ? [] : context.store.layers.stack(chain).toReversed();
  const { platform } = result;
  const file: ImageFile = {
    architecture: platform.architecture,
    ...(platform.variant ? { variant: platform.variant } : {}),
    os: platform.os,
    ...(result.base?.osVersion ? { 'os.version': result.base.osVersion } : {}),
    created: clamp(time ?? rfc3339()),
    ...(result.author ? { author: result.author } : {}),
    config: result.config,
    rootfs: { type: 'layers', diff_ids: stack.map(({ diffId }) => diffId) },
    history,
    ...(wantsInline(request) ? { [INLINE_KEY]: await inlineCache(context, solver.steps(), chain) } : {}),
  };
  return { file, chain };
}

export async function storeImage(
  context: BuilderContext,
  request: BuildRequest,
  solved: Solved,
  tags: readonly string[],
  sink: BuildSink,
  build: string,
): Promise<BuiltImage> {
  const vertex = {
    id: sha256(`${build} export ${solved.platform.architecture}`),
    name: 'exporting to image',
    inputs: [],
    started: nowNanos(),
  };
  sink({ kind: 'vertex', vertex });
  using lease = context.store.leases.take();
  const { file, chain } = await imageFileOf(context, request, solved);
  if (chain !== undefined) lease.layers.add(chain);
  const id = await context.images.create({ file, parent: solved.graph.result.base?.id, tags, lease });
  const status = (name: string): void => {
    const at = nowNanos();
    sink({ kind: 'status', vertex: vertex.id, id: name, name, current: 0, total: 0, at, started: at, completed: at });
  };
  status(`writing image ${id}`);
  for (const tag of tags) status(`naming to ${tag}`);
  sink({ kind: 'vertex', vertex: { ...vertex, completed: nowNanos() } });
  return { platform: solved.platform, id, config: file.config ?? {} };
}

function later(a: string, b: string): boolean {
  return (parseRfc3339(a) ?? 0n) > (parseRfc3339(b) ?? 0n);
}

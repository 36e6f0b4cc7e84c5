// The image of a build: its configuration out of the graph's result and the layers of its steps.
import { nowNanos, parseRfc3339, rfc3339 } from '../../base/clock.ts';
import { type Digest, sha256 } from '../../base/ids.ts';
import {
  type Descriptor,
  formatPlatform,
  type HistoryEntry,
  type ImageFile,
  type Platform,
} from '../../spec/oci/index.ts';
import type { Lease } from '../../store/index.ts';
import { imagePurl } from '../attest/provenance.ts';
import { attestationManifest } from '../model/statement.ts';
import { attestRequest, wantsAttestations } from '../attest/request.ts';
import type { BuildEnd, Solved } from '../solve/solved.ts';
import { INLINE_KEY } from '../cache/remote/config.ts';
import { wantsInline } from '../cache/remote/index.ts';
import { inlineCache } from '../cache/remote/write.ts';
import type { BuilderContext } from '../services/context.ts';
import { COPIED } from '../graph/created-by.ts';
import type { Value } from '../solve/solver.ts';
import { internalVertex } from '../model/internal-step.ts';
import type { BuildRequest, BuiltImage } from '../model/request.ts';
import { annotationsOn, type ExportOptions, needsManifest } from './options.ts';
import type { Squashable } from './squash.ts';

export interface MadeImage {
  /** The configuration file. */
  readonly file: ImageFile;
  /** The layers it stands on. */
  readonly chain: Digest | undefined;
  /** Of the classic builder: this step was done before, and its image is still here. */
  readonly cached: boolean;
}

export async function imageFileOf(
  context: BuilderContext,
  request: BuildRequest,
  { graph, solver, below }: Solved,
): Promise<MadeImage> {
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
  const classic = request.classic === true;
  let time = history.at(-1)?.created;
  let done = false;
  for (const [index, { createdBy, vertex }] of result.history.entries()) {
    let empty = true;
    let line = createdBy;
    done = vertex !== undefined && solver.outcomes.get(vertex)?.cached !== true;
    // the classic builder's images are made when their step is, also those of other configurations alone
    if (classic && vertex === undefined && index === result.history.length - 1) time = rfc3339();
    if (vertex !== undefined) {
      const value = await layersOf(vertex);
      const below = vertices[vertex]?.inputs[0];
      empty = below !== undefined && (await layersOf(below)).chain === value.chain;
      if (value.created !== undefined && (time === undefined || later(value.created, time))) time = value.created;
      if (classic) line = createdBy.replace(COPIED, contentOf(context, empty ? undefined : value.chain));
    }
    time ??= rfc3339();
    history.push({
      created: clamp(time),
      created_by: line,
      ...(classic ? {} : { comment: 'berth.dockerfile.v0' }),
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
  };
  const twin = classic && !done && request.noCache !== true ? context.images.twin(file, below) : undefined;
  return { file: twin ?? file, chain, cached: twin !== undefined };
}

/** What a step has added, as the classic builder's history names it. */
function contentOf({ store }: BuilderContext, chain: Digest | undefined): string {
  const layer = chain === undefined ? undefined : store.layers.get(chain);
  return (layer?.diffId ?? sha256('')).replace(/^sha256:/, '');
}

export interface Stored {
  readonly images: readonly BuiltImage[];
  /** What stands for it on this machine. */
  readonly id: Digest;
  /** Of several platforms, of one with what is said of it, or of one whose manifest is asked for in some form. */
  readonly index: Descriptor | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** One image, or an index where there are several or something is said of them. The lease holds what no name leads to. */
export async function storeImages(
  end: BuildEnd,
  solved: readonly Solved[],
  tags: readonly string[],
  lease: Lease,
  options: ExportOptions,
  passing = false,
): Promise<Stored> {
  const { context, request, id: build, sink } = end;
  const vertex = { id: internalVertex(build, 'export'), name: 'exporting to image', inputs: [], started: nowNanos() };
  const status = (name: string): void => {
    const at = nowNanos();
    sink({ kind: 'status', vertex: vertex.id, id: name, name, current: 0, total: 0, at, started: at, completed: at });
  };
  sink({ kind: 'vertex', vertex });
  const made = await Promise.all(
    solved.map(async (one) => {
      const whole = await imageFileOf(context, request, one);
      if (whole.chain !== undefined) lease.layers.add(whole.chain);
      // one layer is the result of no step
      const squash = request.squash === true;
      const { file, chain } = squash ? await asOneLayer(end, one, whole, lease) : await withCache(end, one, whole);
      const about = wantsAttestations(attestRequest(request.attestations))
        ? await (await import('../attest/make.ts')).attestationsOf(end, one, chain)
        : [];
      return { file, about, parent: one.below ?? one.graph.result.base?.id, platform: one.platform };
    }),
  );
  const [first] = made;
  if (!first) throw new Error('a build has at least one platform');
  const attested = made.some(({ about }) => about.length > 0);
  // statements are kept as OCI has them
  const oci = attested || (options.ociMediaTypes ?? true);
  const parts = made.map(({ file, parent, about, platform }) => ({
    file,
    parent,
    ...(about.length === 0
      ? {}
      : { attest: (manifest: Digest) => attestationManifest(manifest, purls(tags, platform), about) }),
    manifest: {
      oci,
      passing,
      packing: options.packing,
      annotations: annotationsOn(options, 'manifest', platform),
      descriptorAnnotations: annotationsOn(options, 'manifest-descriptor', platform),
    },
  }));
  const [part] = parts;
  let stored: Stored;
  if (part && parts.length === 1 && !attested && needsManifest(options)) {
    const { index, id } = await context.images.createSingle({ part, tags, lease });
    status(`exporting manifest ${index.digest}`);
    stored = {
      images: [{ platform: first.platform, id, config: first.file.config ?? {} }],
      id,
      index,
      metadata: {
        'containerimage.digest': index.digest,
        'containerimage.descriptor': index,
        'containerimage.config.digest': id,
      },
    };
  } else if (parts.length === 1 && !attested) {
    const { file, parent, platform } = first;
    const id = await context.images.create({ file, parent, tags, result: true, lease });
    stored = {
      images: [{ platform, id, config: file.config ?? {} }],
      id,
      index: undefined,
      metadata: { 'containerimage.digest': id, 'containerimage.config.digest': id },
    };
  } else {
    const { index, id, images } = await context.images.createIndex({
      parts,
      oci,
      tags,
      annotations: annotationsOn(options, 'index'),
      lease,
    });
    for (const { manifest } of images) status(`exporting manifest ${manifest}`);
    status(`exporting manifest list ${index.digest}`);
    stored = {
      images: images.map(({ id: image }, at) => {
        const { file, platform } = made[at] ?? first;
        return { platform, id: image, config: file.config ?? {} };
      }),
      id,
      index,
      metadata: {
        'containerimage.digest': index.digest,
        'containerimage.descriptor': index,
        'containerimage.config.digest': id,
      },
    };
  }
  status(`writing image ${stored.id}`);
  for (const tag of tags) status(`naming to ${tag}`);
  sink({ kind: 'vertex', vertex: { ...vertex, completed: nowNanos() } });
  return stored;
}

/** The configuration tells which steps its layers are the results of, where that was asked for. */
async function withCache({ context, request }: BuildEnd, { solver }: Solved, whole: Squashable): Promise<Squashable> {
  if (!wantsInline(request)) return whole;
  const file = { ...whole.file, [INLINE_KEY]: await inlineCache(context, solver.steps(), whole.chain) };
  return { ...whole, file };
}

async function asOneLayer(end: BuildEnd, { graph }: Solved, whole: Squashable, lease: Lease): Promise<Squashable> {
  const { squashed } = await import('./squash.ts');
  return squashed(end.context, graph.result, whole, lease, end.signal, end.request.sourceDateEpoch);
}

/** What statements are about, as BuildKit names it. */
function purls(tags: readonly string[], platform: Platform): string[] {
  return tags.map((tag) => imagePurl(tag, formatPlatform(platform)));
}

function later(a: string, b: string): boolean {
  return (parseRfc3339(a) ?? 0n) > (parseRfc3339(b) ?? 0n);
}

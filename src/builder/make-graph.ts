// The graph of a build for one platform: planned again and again while base images become known, which are looked for or pulled.
import { BerthError } from '../base/errors.ts';
import { hostPlatform, type Platform } from '../spec/oci/index.ts';
import type { BuilderContext } from './services/context.ts';
import type { Dockerfile } from './dockerfile/index.ts';
import { fullName } from './model/full-name.ts';
import { imageKey, type ImageNeed, type KnownImage, planBuild, type PlanInput } from './graph/plan.ts';
import { placed } from './graph/place.ts';
import type { Graph } from './graph/vertex.ts';
import { internalStep } from './model/internal-step.ts';
import { withoutLayouts } from './layouts.ts';
import type { BuildRequest, BuildSink } from './model/request.ts';

/** What the planner is told of a request. */
export function planInput(
  request: BuildRequest,
  one: Pick<PlanInput, 'dockerfile' | 'ignore' | 'platform' | 'contexts' | 'images'> & { readonly many: boolean },
): PlanInput {
  const { dockerfile, ignore, platform, contexts, images, many } = one;
  const buildArgs = new Map(request.buildArgs);
  if (request.sourceDateEpoch !== undefined && !buildArgs.has('SOURCE_DATE_EPOCH'))
    buildArgs.set('SOURCE_DATE_EPOCH', String(request.sourceDateEpoch));
  return {
    dockerfile,
    buildArgs,
    labels: request.labels ?? new Map(),
    classic: request.classic ?? false,
    target: request.target ?? '',
    platform,
    buildPlatform: hostPlatform(),
    multiPlatform: many,
    contexts,
    ignore,
    noCache: request.noCache ?? false,
    noCacheFilter: request.noCacheFilter ?? [],
    network: request.network ?? 'default',
    entitlements: request.entitlements ?? [],
    images,
  };
}

/** Plans, and fetches what the plan is not known to need until it is made. */
export async function makeGraph(
  context: BuilderContext,
  request: BuildRequest,
  spec: {
    readonly dockerfile: Dockerfile;
    readonly ignore: readonly string[];
    readonly platform: Platform;
    readonly many: boolean;
    readonly id: string;
  },
  sink: BuildSink,
  signal: AbortSignal,
): Promise<Graph> {
  const images = new Map<string, KnownImage>();
  const contexts = await withoutLayouts(context, request, spec.platform, spec.id, sink, signal);
  for (;;) {
    const planned = planBuild(planInput(request, { ...spec, contexts, images }));
    if (planned.kind === 'graph') return planned.graph;
    await Promise.all(
      planned.images.map(async (need) => {
        try {
          images.set(imageKey(need), await baseImage(context, request, need, spec.id, sink, signal));
        } catch (error) {
          const notified = request.classic ? error : unresolved(need.reference, error);
          throw need.range ? placed(notified, need.range) : notified;
        }
      }),
    );
  }
}

/** As BuildKit says which image it was about. */
export function unresolved(reference: string, error: unknown): unknown {
  if (!(error instanceof BerthError) || error.kind === 'cancelled') return error;
  const { kind, message, hint } = error;
  const notified =
    kind === 'invalid'
      ? `failed to parse stage name ${JSON.stringify(reference)}: ${message}`
      : `${reference}: failed to resolve source metadata for ${fullName(reference)}: ${message}`;
  return new BerthError(kind, notified, { cause: error, ...(hint === undefined ? {} : { hint }) });
}

async function baseImage(
  context: BuilderContext,
  request: BuildRequest,
  need: ImageNeed,
  id: string,
  sink: BuildSink,
  signal: AbortSignal,
): Promise<KnownImage> {
  const { reference, platform } = need;
  const local = context.images.find(reference, platform);
  // an id is nowhere else
  if (local && (!request.pull || reference.startsWith('sha256:'))) return local;
  return internalStep(sink, id, `load metadata for ${reference}`, async (report) => {
    return context.images.pull(reference, {
      platform,
      report,
      signal,
      ...(request.credentials ? { credentials: request.credentials } : {}),
    });
  });
}

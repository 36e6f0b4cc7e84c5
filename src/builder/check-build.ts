// The checks of a build that is not made: findings, and the fault that the build would end with before its first step.
import { messageOf } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { hostPlatform } from '../spec/oci/index.ts';
import { type CheckFault, type CheckResult, checksOf } from './checks.ts';
import type { BuilderContext } from './services/context.ts';
import type { Dockerfile } from './dockerfile/index.ts';
import { placed, placeOf } from './graph/place.ts';
import { imageKey, type ImageNeed, type KnownImage, planBuild } from './graph/plan.ts';
import { planInput, unresolved } from './make-graph.ts';
import { sourceOf } from './located.ts';
import { parsed, readDockerfile } from './read-dockerfile.ts';
import type { BuilderImages } from './model/ports.ts';
import type { BuildRequest, NamedContext } from './model/request.ts';

export async function checkBuild(
  context: BuilderContext,
  request: BuildRequest,
  signal: AbortSignal,
): Promise<CheckResult> {
  const { name, text, ignore } = await readDockerfile(request, signal);
  let dockerfile: Dockerfile;
  try {
    dockerfile = parsed(name, text, request);
  } catch (error) {
    const again = (): never => {
      throw error;
    };
    const fault = { message: messageOf(error), ranges: sourceOf(error)?.ranges ?? [] };
    return { file: name, source: text, findings: [], failure: undefined, fault, targets: again, outline: again };
  }
  const checks = checksOf(dockerfile, text, ignore, request, context.images, true);
  return { ...checks, fault: faultOf(dockerfile, ignore, request, context.images) };
}

/** What planning it would throw; of an image that is not here nothing is known, which is no fault. */
function faultOf(
  dockerfile: Dockerfile,
  ignore: readonly string[],
  request: BuildRequest,
  known: BuilderImages,
): CheckFault | undefined {
  const images = new Map<string, KnownImage>();
  const platform = request.platforms?.[0] ?? hostPlatform();
  const contexts = new Map([...(request.contexts ?? [])].map(([name, one]) => [name, unloaded(name, one)] as const));
  const common = { dockerfile, ignore, platform, contexts, images, many: false };
  // as a build that names no target, but for all of it
  const targets = request.target ? [request.target] : dockerfile.stages.map(({ index }) => String(index));
  try {
    for (const target of targets) {
      for (;;) {
        const planned = planBuild(planInput({ ...request, target }, common));
        if (planned.kind === 'graph') break;
        for (const need of planned.images) images.set(imageKey(need), imageOf(need, known));
      }
    }
    return undefined;
  } catch (error) {
    const range = placeOf(error);
    const ranges = range ? [{ startLine: range.start.line, endLine: range.end.line }] : [];
    return { message: messageOf(error), ranges };
  }
}

/** Images in OCI layout stay with the client. */
function unloaded(name: string, context: NamedContext): NamedContext {
  return context.kind === 'oci-layout' || context.kind === 'oci-blobs' ? { kind: 'image', reference: name } : context;
}

const NOTHING: Digest = `sha256:${'0'.repeat(64)}`;

function imageOf(need: ImageNeed, known: BuilderImages): KnownImage {
  const { reference, platform, range } = need;
  try {
    const found = known.find(reference, platform);
    if (found) return found;
  } catch (error) {
    throw range ? placed(unresolved(reference, error), range) : error;
  }
  const { os, architecture } = platform;
  return { id: NOTHING, file: { os, architecture, config: {}, rootfs: { type: 'layers', diff_ids: [] } }, chains: [] };
}

// Steps of a Dockerfile told in its order, each when its turn comes; for the classic builder each is an image of its own.
import { messageOf } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import type { Solved } from './solve/solved.ts';
import type { BuilderContext } from './services/context.ts';
import type { StepEvent } from './model/event.ts';
import { imageFileOf } from './export/image.ts';
import type { GraphStep } from './graph/vertex.ts';
import type { BuildRequest, BuildSink } from './model/request.ts';

/** Answers the end of the last step, which is told when its image is made: the image of the build. */
export async function reportSteps(
  context: BuilderContext,
  request: BuildRequest,
  solved: Solved,
  sink: BuildSink,
): Promise<StepEvent | undefined> {
  const { graph, solver } = solved;
  // what a base image asks for is no line of the Dockerfile
  const total = graph.steps.filter(({ trigger }) => !trigger).length;
  const last = graph.steps.length - 1;
  let number = 0;
  for (const [index, step] of graph.steps.entries()) {
    if (!step.trigger) number += 1;
    const vertex = step.vertex === undefined ? undefined : solver.vertexId(step.vertex);
    const { text } = step;
    const common = {
      kind: 'step',
      number,
      total,
      text,
      ...(step.trigger ? { trigger: step.trigger } : {}),
      ...(!step.trigger && graph.steps[index + 1]?.trigger ? { hasTriggers: true } : {}),
      ...(vertex === undefined ? {} : { vertex }),
    } as const;
    sink({ ...common, phase: 'started' });
    try {
      if (step.vertex !== undefined) await solver.value(step.vertex);
    } catch {
      await keepContainer(context, request, solved, step.vertex);
      return undefined;
    }
    await keepContainer(context, request, solved, step.vertex);
    let cached = step.vertex !== undefined && (solver.outcomes.get(step.vertex)?.cached ?? false);
    const made = request.classic === true ? await imageOf(context, request, solved, step, index < last) : undefined;
    if (step.vertex === undefined) cached = made?.cached ?? false;
    const end: StepEvent = { ...common, phase: 'completed', cached };
    if (index === last) return end;
    const image = made?.id;
    if (image !== undefined) solved.below = image;
    else delete solved.below;
    sink(image === undefined ? end : { ...end, image });
  }
  return undefined;
}

/** Gives away the container that a step ran in, where it is to be kept. One on nothing has no image to be a container of. */
async function keepContainer(
  context: BuilderContext,
  request: BuildRequest,
  { graph, solver, below }: Solved,
  id: number | undefined,
): Promise<void> {
  const run = id === undefined ? undefined : solver.runs.get(id);
  const vertex = id === undefined ? undefined : graph.vertices[id];
  if (run === undefined || below === undefined || vertex?.op.kind !== 'exec') return;
  const { op } = vertex;
  const value = run.exitCode === 0 ? await solver.value(vertex.id) : undefined;
  const { layers } = context.store;
  const layer = value?.kind === 'layers' && value.chain !== undefined ? layers.get(value.chain) : undefined;
  const base = await solver.value(vertex.inputs[0] as number);
  const changed = layer !== undefined && base.kind === 'layers' && base.chain !== layer.chain;
  try {
    await request.containers?.add({
      ...run.notified,
      image: below,
      args: op.args,
      env: op.env,
      cwd: op.cwd,
      user: op.user,
      network: op.network === 'default' ? (request.network ?? 'default') : op.network,
      files: changed ? layers.directory(layer) : run.files,
    });
  } catch (error) {
    // the image is what was asked for
    context.log.warn(`the container of step ${vertex.name} is not kept: ${messageOf(error)}`);
  }
}

/** undefined for what begins with nothing. Without `keep` it is only looked for. */
async function imageOf(
  context: BuilderContext,
  request: BuildRequest,
  solved: Solved,
  step: GraphStep,
  keep: boolean,
): Promise<{ readonly id: Digest | undefined; readonly cached: boolean } | undefined> {
  const { result, base } = step;
  if (base !== undefined) return { id: base, cached: false };
  const { graph } = solved;
  if (graph.vertices[result.vertex]?.op.kind === 'scratch' && result.history.length === 0) return undefined;
  const value = await solved.solver.value(result.vertex);
  // a cache of others tells of the step and has nothing of it: it is not done for the sake of its image
  if (value.kind === 'layers' && value.imported && !value.imported.result) return undefined;
  using lease = context.store.leases.take();
  const { file, chain, cached } = await imageFileOf(context, request, { ...solved, graph: { ...graph, result } });
  if (!keep) return { id: undefined, cached };
  if (chain !== undefined) lease.layers.add(chain);
  return { id: await context.images.create({ file, parent: solved.below, tags: [], result: false, lease }), cached };
}

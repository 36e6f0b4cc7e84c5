// One build from beginning to end: the Dockerfile read, base images found, the graph made and solved, the outputs written.
import { cancelled, invalid } from '../base/errors.ts';
import { rfc3339 } from '../base/clock.ts';
import { randomId } from '../base/ids.ts';
import { hostPlatform, type Platform } from '../spec/oci/index.ts';
import { attestRequest } from './attest/request.ts';
import { switchedOn } from './model/build-arguments.ts';
import { checksOf } from './checks.ts';
import type { BuilderContext } from './services/context.ts';
import type { Dockerfile, Range } from './dockerfile/index.ts';
import { checkExports, dropCache, exportCaches, importCaches } from './cache/remote/index.ts';
import { ImportFailure } from './cache/remote/imports.ts';
import { chainsBelow } from './cache/remote/write.ts';
import { checkOutputs, writeOutputs } from './export/index.ts';
import { placeOf } from './graph/place.ts';
import type { Graph } from './graph/vertex.ts';
import { internalStep, internalVertex } from './model/internal-step.ts';
import { located, rangeOf } from './located.ts';
import { makeGraph } from './make-graph.ts';
import { parsed, readDockerfile } from './read-dockerfile.ts';
import { reportSteps } from './steps.ts';
import type { BuildRequest, BuildResult, BuildSink } from './model/request.ts';
import type { BuildEnd, Solved } from './solve/solved.ts';
import { Solver } from './solve/solver.ts';
import { Sources } from './solve/sources.ts';

const LOAD = 'load build definition from Dockerfile';
/** Findings of the checks as warnings of the step that read the Dockerfile. Throws when they fail the build. */
function reportChecks(
  context: BuilderContext,
  request: BuildRequest,
  { dockerfile, text, ignore, vertex }: { dockerfile: Dockerfile; text: Uint8Array; ignore: string[]; vertex: string },
  sink: BuildSink,
): void {
  const { findings, failure } = checksOf(dockerfile, text, ignore, request, context.images, false);
  for (const finding of findings) sink({ kind: 'warning', vertex, ...finding });
  if (failure !== undefined) throw invalid(failure);
}

/** The step at a place as one that has begun. */
function emitStep(dockerfile: Dockerfile, range: Range, sink: BuildSink): void {
  const all = dockerfile.stages.flatMap((stage) => [stage, ...stage.instructions]);
  const index = all.findIndex((one) => one.range.start.line === range.start.line);
  const text = all[index]?.original;
  if (text !== undefined) sink({ kind: 'step', phase: 'started', number: index + 1, total: all.length, text });
}

export async function runBuild(
  context: BuilderContext,
  request: BuildRequest,
  sink: BuildSink,
  signal: AbortSignal,
): Promise<BuildResult> {
  const id = request.id ?? randomId().slice(0, 25);
  for (const tag of request.tags ?? []) context.images.checkTag(tag);
  checkExports(request.cacheExports ?? []);
  attestRequest(request.attestations);
  checkOutputs(request);
  if ((request.platforms?.length ?? 0) > 1 && request.outputs?.some(({ type }) => type === 'docker'))
    throw invalid('docker exporter does not currently support exporting manifest lists');
  const started = rfc3339();
  const abort = new AbortController();
  const either = AbortSignal.any([signal, abort.signal]);
  const file = await internalStep(sink, id, LOAD, () => readDockerfile(request, either));
  const dockerfile = parsed(file.name, file.text, request);
  await using sources = new Sources(context, request);
  const platforms = request.platforms?.length ? request.platforms : [hostPlatform()];
  const many = platforms.length > 1 || switchedOn(request.buildArgs, 'BUILDKIT_MULTI_PLATFORM', 'multi-platform');
  const solved: Solved[] = [];
  const endSolvers = async (): Promise<void> => {
    for (const { graph, solver } of solved.splice(0)) {
      await Promise.allSettled(graph.vertices.map(({ id: vertex }) => solver.settled(vertex)));
      solver.remember();
      solver.close();
    }
  };
  try {
    const [imports, ...graphs] = await Promise.all([
      importCaches({ context, request, id, sink, signal: either }, platforms),
      ...platforms.map((platform) => {
        const spec = { dockerfile, ignore: file.ignore, platform, many, id };
        return makeGraph(context, request, spec, sink, either);
      }),
    ]);
    if (!request.classic)
      reportChecks(context, request, { dockerfile, ...file, vertex: internalVertex(id, LOAD) }, sink);
    for (;;) {
      const attempt = new AbortController();
      const until = AbortSignal.any([either, attempt.signal]);
      for (const [index, graph] of graphs.entries()) {
        const parts = { context, request, buildId: id, graph, emit: sink, sources, imports, signal: until };
        solved.push({ graph, solver: new Solver(parts), platform: platforms[index] as Platform });
      }
      try {
        await solveAll(context, request, solved, attempt, sink);
        break;
      } catch (error) {
        if (!(error instanceof ImportFailure) || either.aborted) throw error;
        await endSolvers();
        dropCache(imports, error, sink);
      }
    }
    if (request.classic && solved.some(({ graph }) => isNothing(graph)))
      throw invalid('No image was generated. Is your Dockerfile empty?');
    const { materials } = sources;
    const end: BuildEnd = { context, request, id, started, dockerfile: file, materials, sink, signal };
    const result = await writeOutputs(end, solved);
    for (const [index, { last }] of solved.entries()) {
      const image = result.images[index]?.id;
      if (last) sink(image === undefined ? last : { ...last, image });
    }
    const notified = await reportCaches(end, solved);
    return { ...result, metadata: { ...result.metadata, ...notified } };
  } catch (error) {
    if (signal.aborted) throw cancelled('context canceled', { cause: error });
    abort.abort();
    const range = placeOf(error) ?? (await rangeOf(dockerfile, solved, error));
    // the classic builder finds out when it comes there, and has begun to answer
    if (request.classic && solved.length === 0 && range) emitStep(dockerfile, range, sink);
    throw located(error, file.name, file.text, range);
  } finally {
    // whatever still runs ends before the build does
    abort.abort();
    await endSolvers();
    context.steps.trim();
    context.cache.flush((work) => context.store.records.together(work));
  }
}

function isNothing({ result, vertices }: Graph): boolean {
  return vertices[result.vertex]?.op.kind === 'scratch' && result.history.length === 0;
}

/** All steps, and the files of their results where somebody takes them. Throws ImportFailure when a cache of others was to blame. */
async function solveAll(
  context: BuilderContext,
  request: BuildRequest,
  solved: readonly Solved[],
  attempt: AbortController,
  sink: BuildSink,
): Promise<void> {
  const { outputs = [], cacheExports = [] } = request;
  const wantsFiles = outputs.length === 0 || outputs.some(({ type }) => type !== 'cacheonly');
  const wantsAll = cacheExports.some(({ mode, type }) => mode === 'max' && type !== 'inline');
  await Promise.all(
    solved.map(async (one) => {
      const { graph, solver } = one;
      const steps = reportSteps(context, request, one, sink);
      steps.catch(() => undefined);
      try {
        await solver.value(graph.result.vertex);
        if (wantsFiles || cacheExports.length > 0) await solver.real(graph.result.vertex);
        if (wantsAll) await solver.bringAll();
      } catch (error) {
        attempt.abort();
        throw error;
      } finally {
        one.last = await steps;
      }
    }),
  );
}

/** The caches for others. */
async function reportCaches(end: BuildEnd, solved: readonly Solved[]): Promise<Readonly<Record<string, unknown>>> {
  if (!end.request.cacheExports?.length) return {};
  const tops = await Promise.all(solved.map(({ graph, solver }) => solver.real(graph.result.vertex)));
  const final = new Set(tops.flatMap((top) => (top.kind === 'layers' ? [...chainsBelow(end.context, top.chain)] : [])));
  const steps = solved.flatMap(({ solver }) => solver.steps());
  return exportCaches(end, steps, final);
}

// Which lines of a Dockerfile an error is about, so that clients can show them.
import type { Dockerfile, Range } from './dockerfile/index.ts';
import type { Solved } from './solve/solved.ts';

export interface ErrorSource {
  readonly file: string;
  readonly text: Uint8Array;
  readonly ranges: readonly { readonly startLine: number; readonly endLine: number }[];
}

/** By error: a property could be one that the error has for something else. */
const sources = new WeakMap<Error, ErrorSource>();

/** The error itself, which now also says where. */
export function located(error: unknown, file: string, text: Uint8Array, range: Range | undefined): unknown {
  if (error instanceof Error && !sources.has(error) && range)
    sources.set(error, { file, text, ranges: [{ startLine: range.start.line, endLine: range.end.line }] });
  return error;
}

export function sourceOf(error: unknown): ErrorSource | undefined {
  return error instanceof Error ? sources.get(error) : undefined;
}

/** The instruction whose step failed with this error; those that stand on it fail with the same. */
export async function rangeOf(
  dockerfile: Dockerfile,
  solved: readonly Solved[],
  error: unknown,
): Promise<Range | undefined> {
  for (const { graph, solver } of solved)
    for (const step of graph.steps) {
      if (step.vertex === undefined) continue;
      const failure = await solver.value(step.vertex).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (failure !== error) continue;
      const stage = dockerfile.stages[step.stage];
      if (!stage) return undefined;
      return [stage, ...stage.instructions].find(({ original }) => original === step.text)?.range;
    }
  return undefined;
}

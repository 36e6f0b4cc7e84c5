// One build of a client from its wish to its answer: run by the builder, told to whoever watches, failures in the client's terms.
import { BerthError, messageOf } from '../../../base/errors.ts';
import { sourceOf } from '../../located.ts';
import type { CheckResult } from '../../checks.ts';
import type { Build, BuildRequest, BuildResult } from '../../model/request.ts';
import { CallError, Code, callErrorOf, type Detail } from '../transport/status.ts';
import { buildRequestOf, type Parts, type Request } from './build.ts';
import type { Job } from './jobs.ts';

export async function runRequest(
  job: Job,
  spec: Request,
  parts: Parts,
  build: Build,
  signal: AbortSignal,
): Promise<BuildResult> {
  await using made = new AsyncDisposableStack();
  try {
    const request = await buildRequestOf(job.ref, spec, parts, made, signal);
    return await build(request, job.notify, signal);
  } catch (error) {
    throw failureOf(error);
  }
}

/** What the checks say of a wish, without building it. */
export async function checkRequest(
  ref: string,
  spec: Request,
  parts: Parts,
  check: (request: BuildRequest, signal: AbortSignal) => Promise<CheckResult>,
  signal: AbortSignal,
): Promise<CheckResult> {
  await using made = new AsyncDisposableStack();
  try {
    return await check(await buildRequestOf(ref, spec, parts, made, signal), signal);
  } catch (error) {
    throw failureOf(error);
  }
}

/** An error with the lines of the Dockerfile that it is about, which clients show. */
export function failureOf(error: unknown): CallError {
  if (error instanceof CallError) return error;
  const plain = callErrorOf(error);
  const located = sourceOf(error);
  const hint = error instanceof BerthError && error.hint !== undefined ? `: ${error.hint}` : '';
  const details: Detail[] =
    located === undefined
      ? []
      : [
          {
            typeUrl: 'github.com/moby/buildkit/errdefs.Source+json',
            value: {
              info: {
                filename: located.file,
                data: Buffer.from(located.text).toString('base64'),
                language: 'Dockerfile',
              },
              ranges: located.ranges.map(({ startLine, endLine }) => ({
                start: { line: startLine },
                end: { line: endLine },
              })),
            },
          },
        ];
  const code = plain.code === Code.cancelled ? Code.cancelled : Code.unknown;
  return new CallError(code, `${messageOf(error)}${hint}`, details);
}

/** What a client is told of the result, all of it text. */
export function answerOf(result: BuildResult): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(result.metadata).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : Buffer.from(JSON.stringify(value)).toString('base64'),
    ]),
  );
}

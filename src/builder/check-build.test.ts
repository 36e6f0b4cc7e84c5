import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invalid } from '../base/errors.ts';
import { checkBuild } from './check-build.ts';
import type { BuilderContext } from './services/context.ts';
import { subrequestAnswer } from './describe.ts';
import type { BuildRequest } from './model/request.ts';

const images = {
  find(reference: string) {
    if (reference.endsWith(':')) throw invalid('invalid reference format');
    return undefined;
  },
};

/** What a client reads of the checks: how many findings, and why there can be no build. */
async function checked(text: string, over: Partial<BuildRequest> = {}): Promise<unknown> {
  const request = {
    dockerfile: { kind: 'text', name: 'Dockerfile', text: Buffer.from(text), ignore: Buffer.alloc(0) },
    context: { readFile: async () => undefined },
    ...over,
  } as unknown as BuildRequest;
  const context = { images } as unknown as BuilderContext;
  const result = await checkBuild(context, request, new AbortController().signal);
  const answer = await subrequestAnswer('frontend.lint', async () => result);
  const json = JSON.parse(Buffer.from(answer.get('result.json') ?? []).toString()) as {
    warnings: unknown[];
    buildError?: { message: string; location: { ranges?: { start: { line: number } }[] } };
  };
  const { message, location } = json.buildError ?? {};
  const status = Buffer.from(answer.get('result.statuscode') ?? []).toString();
  return [json.warnings.length, message, location?.ranges?.[0]?.start.line, status];
}

test('a Dockerfile that cannot be built is not called clean', async () => {
  assert.deepEqual(await checked('FROM busybox\nCOPY --from=9 / /\n'), [0, 'invalid stage index 9', 2, '1']);
  // in a stage that the last does not need, and beside what is found
  assert.deepEqual(await checked('FROM busybox\nWORKDIR rel\nEXPOSE zz\nFROM busybox AS b\n'), [
    1,
    'invalid containerPort: zz',
    3,
    '1',
  ]);
  const word = 'failed to parse stage name "busybox:": invalid reference format';
  assert.deepEqual(await checked('FROM busybox${A}:${B}\n'), [3, word, 1, '1']);
  const unknown = 'dockerfile parse error on line 2: unknown instruction: RNU (did you mean ENV?)';
  assert.deepEqual(await checked('FROM busybox\nRNU x\n'), [0, unknown, 2, '1']);
  const missing = 'target stage "nope" could not be found';
  assert.deepEqual(await checked('FROM busybox\n', { target: 'nope' }), [0, missing, undefined, '1']);
});

test('of an image that is not here nothing is known: it is no fault', async () => {
  assert.deepEqual(await checked('FROM away\nCOPY --from=too / /\n'), [0, undefined, undefined, '0']);
});

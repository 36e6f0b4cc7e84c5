// The client is several bundles, each with classes of its own: an error that crosses from one to another is still known for what it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as errors from '../src/base/errors.ts';
import { ResponseError } from '../src/client/index.ts';

const { BerthError, notFound } = errors;

/** The same file once more, as another bundle has it. */
const AGAIN: string = new URL('../src/base/errors.ts?another-bundle', import.meta.url).href;
const other = (await import(AGAIN)) as typeof errors;

test('an error of another bundle is one of this', () => {
  const foreign = other.notFound('no such image');
  assert.notEqual(Object.getPrototypeOf(foreign), BerthError.prototype);
  assert.ok(foreign instanceof BerthError && foreign.kind === 'notFound');
  assert.ok(notFound('x') instanceof other.BerthError);
});

test('a subclass is told from its base, and other things from both', () => {
  const response = new ResponseError('notFound', 'x', 404);
  assert.ok(response instanceof BerthError && response instanceof ResponseError && response instanceof Error);
  assert.ok(!(notFound('x') instanceof ResponseError));
  for (const thing of [new Error('x'), undefined, null, 'x', {}]) assert.ok(!(thing instanceof BerthError));
});

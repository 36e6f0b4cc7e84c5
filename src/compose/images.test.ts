import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageNeeds, type ImageOptions } from './images.ts';
import type { Service } from './model/project.ts';

const service = (fields: Partial<Service>): Service => ({ command: null, entrypoint: null, ...fields });
const DEFAULT: ImageOptions = { pull: 'policy', build: 'missing' };
const HOUR = 3600 * 1000;

/** Actions by service. */
function needs(
  services: Record<string, Service>,
  there: Record<string, { id: string; tagged: number }> = {},
  options: ImageOptions = DEFAULT,
  now = 0,
): Record<string, string> {
  const all = imageNeeds({ name: 'p', services }, there, options, now);
  return Object.fromEntries(all.map(({ service: name, action }) => [name, action]));
}

test('an image that one service builds is not pulled for another', () => {
  const services = { a: service({ image: 'x', build: { context: '.' } }), b: service({ image: 'x' }) };
  assert.deepEqual(needs(services), { a: 'build', b: 'none' });
  assert.deepEqual(needs({ b: services.b }), { b: 'pull' });
});

test('daily, weekly and every_ pull what got its name longer ago', () => {
  const there = { a: { id: 'sha256:1', tagged: 0 } };
  for (const [policy, hours] of [
    ['daily', 24],
    ['weekly', 168],
    ['every_12h', 12],
    ['every_1d12h', 36],
  ] as const) {
    const services = { a: service({ image: 'x', pull_policy: policy }) };
    assert.deepEqual(needs(services, there, DEFAULT, (hours - 1) * HOUR), { a: 'none' }, policy);
    assert.deepEqual(needs(services, there, DEFAULT, (hours + 1) * HOUR), { a: 'pull' }, policy);
    assert.deepEqual(needs(services), { a: 'pull' }, policy);
  }
});

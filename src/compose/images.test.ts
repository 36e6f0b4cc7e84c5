import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkContracts, imageNeeds, type ImageOptions } from './images.ts';
import type { Service } from './model/project.ts';

const service = (fields: Partial<Service>): Service => ({ command: null, entrypoint: null, ...fields });
const DEFAULT: ImageOptions = { pull: 'policy', build: 'missing' };
const HOUR = 3600 * 1000;

/** Actions by service. */
function needs(
  services: Record<string, Service>,
  there: Parameters<typeof imageNeeds>[1] = {},
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
  const there = { a: { id: 'sha256:1', tagged: 0, labels: {}, env: [] } };
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

test('all that images need and services do not give is said at once', () => {
  const services = { a: service({ environment: { PORT: 'x', EMPTY: null } }), b: service({}), c: service({}) };
  const labels = { 'berth.env.TOKEN': 'required secret: who asks', 'berth.env.PORT': 'int' };
  const image = { id: 'sha256:1', tagged: 0, labels, env: ['TOKEN=', 'PORT=80'] };
  assert.throws(
    () => checkContracts({ name: 'p', services }, { a: image, b: { ...image, env: ['TOKEN=t'] } }),
    /need more of their environment:\n {2}a: PORT is no int: "x"\n {2}a: TOKEN is missing \(who asks\)$/,
  );
});

// What is told from a container whose update was cut short.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Project } from './index.ts';
import { isHiddenIn, isOrphan, type ObservedContainer } from './observe.ts';

const project: Project = {
  name: 'p',
  services: {
    web: { command: null, entrypoint: null, ports: [{ target: 80, published: '8080' }] },
    job: { command: null, entrypoint: null },
  },
};
const seen = (aliases: readonly string[] | null, ports: object): Parameters<typeof isHiddenIn>[2] => ({
  NetworkSettings: { Networks: { n: { Aliases: aliases } } },
  HostConfig: { PortBindings: ports },
});
const BOUND = { '80/tcp': [{ HostIp: '', HostPort: '8080' }] };

test('fault C62: a container that is to take over is hidden until it has the service’s name', () => {
  assert.equal(isHiddenIn(project, 'web', seen(['0123456789ab_p-web-1'], {})), true);
  assert.equal(isHiddenIn(project, 'web', seen(['p-web-1', 'web'], BOUND)), false);
});

test('fault C62: one without aliases is hidden until it has the service’s ports', () => {
  assert.equal(isHiddenIn(project, 'web', seen(null, {})), true);
  assert.equal(isHiddenIn(project, 'web', seen([], BOUND)), false);
  assert.equal(isHiddenIn(project, 'job', seen(null, {})), false);
});

test('what ran once is an orphan when it has ended, a service when the files do not have it', () => {
  const one = (more: Partial<ObservedContainer>): ObservedContainer =>
    ({ service: 'web', isOneOff: false, state: 'running', ...more }) as never;
  assert.equal(isOrphan(one({ isOneOff: true }), project.services), false);
  assert.equal(isOrphan(one({ isOneOff: true, state: 'exited' }), project.services), true);
  assert.equal(isOrphan(one({}), project.services), false);
  assert.equal(isOrphan(one({ service: 'gone' }), project.services), true);
});

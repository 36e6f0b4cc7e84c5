import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSecurityOpt } from '../../runtime/spec/index.ts';
import { decode, hostConfig } from '../../spec/docker/schemas/index.ts';
import { atStart, type StartDefaults } from './at-start.ts';

const nofile = (limit: number) => ({ Name: 'nofile', Soft: limit, Hard: limit });
const defaults: StartDefaults = { ulimits: [nofile(9)], init: true, noNewPrivileges: true, seccomp: 'unconfined' };
const started = (host: object) => {
  const { Init, Ulimits, SecurityOpt } = atStart({ ...decode(hostConfig, {}), ...host }, defaults);
  const { noNewPrivileges, seccomp } = parseSecurityOpt(SecurityOpt);
  return { Init, Ulimits, noNewPrivileges, seccomp };
};

test('a container that says nothing gets what the daemon’s settings say', () => {
  assert.deepEqual(started({}), { Init: true, Ulimits: [nofile(9)], noNewPrivileges: true, seccomp: 'unconfined' });
});

test('what it says itself counts; a privileged one has no profile', () => {
  const SecurityOpt = ['seccomp=builtin', 'no-new-privileges=false'];
  assert.deepEqual(started({ Init: false, Ulimits: [nofile(1)], SecurityOpt }), {
    Init: false,
    Ulimits: [nofile(1)],
    noNewPrivileges: false,
    seccomp: 'builtin',
  });
  assert.equal(started({ Privileged: true }).seccomp, '');
});

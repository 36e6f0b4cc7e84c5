import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSyntax, isDockerfileFrontend, sandboxHostname, switchedOn } from './build-arguments.ts';

test("Docker's own frontend is known by its name, whatever registry mirrors it", () => {
  const own = ['docker/dockerfile:1', 'docker/dockerfile', 'docker.io/docker/dockerfile:1.7-labs'];
  const mirrored = [
    'mirror:5000/a/docker/dockerfile:1',
    'docker/dockerfile-upstream:master',
    'docker/dockerfile@sha256:0',
  ];
  for (const name of [...own, ...mirrored]) assert.equal(isDockerfileFrontend(name), true, name);
  for (const name of ['nosuch/custom:1', 'docker/dockerfile-other', 'notdocker/dockerfile', 'dockerfile'])
    assert.equal(isDockerfileFrontend(name), false, name);
});

test('another frontend is refused, and the argument counts before the file', () => {
  const asked = (name: string) => new Map([['BUILDKIT_SYNTAX', name]]);
  const refused = { kind: 'notImplemented', message: 'frontend nosuch/custom:1 is not implemented by this daemon' };
  assert.throws(() => checkSyntax(undefined, 'nosuch/custom:1'), refused);
  assert.throws(() => checkSyntax(asked(' nosuch/custom:1 --and more'), 'docker/dockerfile:1'), refused);
  checkSyntax(asked('docker/dockerfile:1'), 'nosuch/custom:1');
  checkSyntax(asked(''), undefined);
});

test('switches and the name of the machine', () => {
  const given = new Map([
    ['A', '1'],
    ['B', 'f'],
    ['C', 'zz'],
    ['BUILDKIT_SANDBOX_HOSTNAME', 'hb'],
  ]);
  assert.deepEqual(
    ['A', 'B', 'D'].map((name) => switchedOn(given, name)),
    [true, false, false],
  );
  assert.throws(() => switchedOn(given, 'C'), { message: 'invalid boolean value for C: zz' });
  assert.equal(sandboxHostname(given), 'hb');
  assert.equal(sandboxHostname(new Map()), undefined);
});

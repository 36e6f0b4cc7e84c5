import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knowsRro } from './choose.ts';

test('runc and crun know recursive read-only mounts since a version of theirs, others are not relied on', () => {
  for (const [kind, version] of [
    ['runc', '1.1.5+ds1'],
    ['crun', '1.8.1'],
    ['crun', '1.4'],
    ['runc', '2.0.0'],
  ] as const)
    assert.equal(knowsRro(kind, version), true, `${kind} ${version}`);
  for (const [kind, version] of [
    ['runc', '1.0.3'],
    ['crun', '1.3'],
    ['crun', '0.21'],
    ['youki', '1.9.0'],
    ['runc', ''],
  ] as const)
    assert.equal(knowsRro(kind, version), false, `${kind} ${version}`);
});

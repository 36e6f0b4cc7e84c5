import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { groupDirectories, observeCgroups } from '../host/cgroup.ts';
import { instanceOf } from './directories.ts';
import { removeLeftovers } from './uninstall.ts';

test('the groups of containers that died with their daemon go with the daemon’s own', async (t) => {
  const work = realpathSync(mkdtempSync(join(tmpdir(), 'uninstall-')));
  t.after(() => rmSync(work, { recursive: true, force: true }));
  const roots = ['data', 'exec'].map((name) => join(work, name)) as [string, string];
  for (const root of roots) mkdirSync(root);
  const groups = groupDirectories(observeCgroups(), `/berth/${instanceOf(roots[0])}`);
  for (const group of groups) mkdirSync(join(group, 'c0ffee'), { recursive: true });
  await removeLeftovers(...roots);
  assert.deepEqual(
    groups.filter((group) => existsSync(group)),
    [],
  );
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../base/log.ts';
import { groupDirectories, observeCgroups, removeGroup } from '../host/cgroup.ts';
import { Runtime } from './index.ts';
import { execRoot } from './paths.ts';

const cgroups = observeCgroups();
const freezer = cgroups.roots.get('freezer');
// a frozen process of version 1 is one that the kernel does not let go, whatever signal it gets
const skip =
  process.getuid?.() !== 0 ? 'needs root' : freezer === undefined ? 'needs control groups of version 1' : false;

test('fault R42: a group whose processes cannot be ended is tried again, and keeps its state till then', {
  skip,
}, async (t) => {
  const root = mkdtempSync('/tmp/berth-clean-');
  const path = `/berth-clean-${randomBytes(4).toString('hex')}`;
  for (const folder of groupDirectories(cgroups, path)) mkdirSync(folder, { recursive: true });
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  const state = join(freezer ?? '', path, 'freezer.state');
  t.after(() => {
    if (existsSync(state)) writeFileSync(state, 'THAWED');
    child.kill('SIGKILL');
    removeGroup(cgroups, path);
    rmSync(root, { recursive: true });
  });
  for (const name of ['pids', 'freezer'])
    writeFileSync(join(cgroups.roots.get(name) ?? '', path, 'cgroup.procs'), `${child.pid}`);
  writeFileSync(state, 'FROZEN');
  const said: string[] = [];
  const log = {
    warn: (text: string) => said.push(text),
    info: () => undefined,
    debug: () => undefined,
  } as unknown as Log;
  const runtime = new Runtime({ paths: execRoot(root), cgroups, conmon: 'conmon', log });
  const id = 'c'.repeat(64);
  mkdirSync(join(runtime.paths.runtime, id));
  await runtime.clean(id, path, undefined);
  assert.equal(runtime.isClean(id), false);
  assert.ok(existsSync(join(runtime.paths.runtime, id)), 'the state of what still runs is kept');
  assert.match(said.join('\n'), /still holds processes/);
  writeFileSync(state, 'THAWED');
  const until = Date.now() + 20_000;
  while (!runtime.isClean(id) && Date.now() < until) await delay(50);
  assert.equal(runtime.isClean(id), true);
  assert.equal(existsSync(join(runtime.paths.runtime, id)), false);
  assert.deepEqual(groupDirectories(cgroups, path).filter(existsSync), []);
});

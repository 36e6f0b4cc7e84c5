// Somebody swaps directories of a layer for links while it is unpacked: whatever the moment, nothing lands outside.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { TAR_TRAILER, tarHeader, tarPadding, unpackTar } from './index.ts';
import type { TarFields } from './tar/write.ts';

/** Another process: the directory `d` is, by turns, itself, a link to `outside`, and a link that climbs to it. */
const SWAPPER = `
const fs = require('node:fs');
const [directory, outside] = process.argv.slice(1);
const [name, aside] = [directory + '/d', directory + '/aside'];
const targets = [outside, '../'.repeat(30) + outside.slice(1)];
process.stdout.write('ready');
for (let turn = 0; ; turn += 1) {
  try {
    fs.renameSync(name, aside);
    fs.symlinkSync(targets[turn % 2], name);
    for (const until = process.hrtime.bigint() + 100000n; process.hrtime.bigint() < until; );
    fs.rmSync(name, { recursive: true });
    fs.renameSync(aside, name);
  } catch {
    try { fs.rmSync(aside, { recursive: true, force: true }); } catch {}
  }
}`;

function item(name: string, fields: Partial<TarFields>, data = ''): Buffer {
  const header = tarHeader({ name, type: 'file', ...fields, size: data.length });
  return Buffer.concat([header, Buffer.from(data), Buffer.alloc(tarPadding(data.length))]);
}

/** Everything an entry can do below a directory: content, owner, mode, links, removal, whiteouts. */
async function* layer(outside: string): AsyncGenerator<Buffer> {
  // inside the layer the target of the links is there too: that is where what follows one must land
  yield item(outside.slice(1), { type: 'directory' });
  yield item('d/', { type: 'directory', mode: 0o755 });
  for (let turn = 0; turn < 400; turn += 1) {
    yield item(`d/f${turn}`, { mode: 0o777, uid: 9, gid: 9 }, 'x');
    yield item('d/canary', { mode: 0o777, uid: 9, gid: 9 }, 'changed');
    yield item(`d/h${turn}`, { type: 'link', linkname: `d/f${turn}` });
    yield item(`d/s${turn}`, { type: 'symlink', linkname: '/etc' });
    yield item(`d/sub${turn}/`, { type: 'directory', mode: 0o777, uid: 9 });
    yield item('d/.wh.lower', {});
    if (turn % 50 === 49) yield item('d/sub0/.wh..wh..opq', {});
  }
  yield TAR_TRAILER;
}

test('fault T3: a directory that is swapped for a link while a layer is unpacked leads nowhere outside', async () => {
  const work = mkdtempSync(join(tmpdir(), 'race-'));
  const outside = join(work, 'outside');
  mkdirSync(outside);
  for (const name of ['canary', 'lower']) writeFileSync(join(outside, name), 'whole', { mode: 0o600 });
  const before = lstatSync(outside);
  let throughLink = 0;
  try {
    // a busy machine may let the two run only one after the other: the race is run when an entry has met a link
    for (let round = 0; round < 3 || (throughLink === 0 && round < 60); round += 1) {
      const directory = join(work, `layer${round}`);
      mkdirSync(directory);
      const swapper: ChildProcess = spawn(process.execPath, ['-e', SWAPPER, directory, outside], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(swapper, 'exit');
      try {
        if (swapper.stdout) await once(swapper.stdout, 'data');
        // an entry may well fail: its parent is gone at that moment
        for (let attempt = 0; attempt < 3; attempt += 1)
          await unpackTar(directory, layer(outside), { whiteouts: 'overlay' }).catch((error: unknown) =>
            assert.ok(error instanceof Error && !(error instanceof assert.AssertionError)),
          );
      } finally {
        swapper.kill('SIGKILL');
        await ended;
      }
      const inside = join(directory, outside);
      if (existsSync(inside)) throughLink += readdirSync(inside).length;
      assert.deepEqual(readdirSync(outside).sort(), ['canary', 'lower']);
      for (const name of ['canary', 'lower']) {
        const { mode, uid, nlink } = lstatSync(join(outside, name));
        assert.deepEqual([mode & 0o7777, uid, nlink], [0o600, 0, 1]);
        assert.equal(readFileSync(join(outside, name), 'utf8'), 'whole');
      }
      const { mode, uid, mtimeMs } = lstatSync(outside);
      assert.deepEqual([mode, uid, mtimeMs], [before.mode, before.uid, before.mtimeMs]);
    }
    assert.ok(throughLink > 0, 'no entry met a link: the race was not run');
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});

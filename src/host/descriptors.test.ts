import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { openFilesLimit, shareOfOpenFiles } from './descriptors.ts';

test('the limit of open files is read as the kernel writes it', () => {
  assert.equal(
    openFilesLimit('Limit  Soft Limit\nMax open files            1024                 4096      files\n'),
    1024,
  );
  assert.equal(
    openFilesLimit('Max open files            unlimited            unlimited            files\n'),
    2 ** 53 - 1,
  );
  assert.ok(openFilesLimit() > 0);
  assert.equal(shareOfOpenFiles(1, 7), 7);
  assert.equal(shareOfOpenFiles(Number.MAX_SAFE_INTEGER, 7), 1);
});

test('safety L3: descriptors that were left open by who started the daemon do not reach its children', () => {
  // 251 is the shell's; the child of the program lists what it got
  const module = new URL('descriptors.ts', import.meta.url).href;
  const program = `import { spawnSync } from 'node:child_process';
    const { keepFromChildren } = await import(${JSON.stringify(module)});
    const list = () => spawnSync('/bin/sh', ['-c', 'ls /proc/self/fd'], { encoding: 'utf8' }).stdout.split('\\n');
    const before = list().includes('251');
    keepFromChildren();
    console.log(before, list().includes('251'));`;
  const { stdout, stderr } = spawnSync(
    '/bin/bash',
    ['-c', 'exec 251</dev/null; exec "$0" "$@"', process.execPath, '--input-type=module', '-e', program],
    { encoding: 'utf8' },
  );
  assert.equal(stdout.trim(), 'true false', stderr);
});

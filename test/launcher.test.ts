// The client reads nothing of the directory that it is called in but what its commands say: somebody else may have filled it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = new URL('..', import.meta.url).pathname;

test('a runtime’s own files in the working directory are not obeyed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-launcher-'));
  try {
    writeFileSync(join(folder, 'bunfig.toml'), 'preload = ["./stranger.js"]\n');
    writeFileSync(join(folder, 'stranger.js'), `require('fs').writeFileSync('${folder}/ran', '');`);
    writeFileSync(join(folder, '.env'), "A=1\nQ='single $A'\n");
    writeFileSync(join(folder, '.env.local'), 'STRANGER=1\n');
    writeFileSync(join(folder, 'compose.yaml'), 'services: {a: {image: busybox, command: ["${Q}"]}}\n');
    const run = (...args: string[]): string =>
      spawnSync(join(ROOT, 'berth'), args, { cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'] } })
        .stdout;
    assert.match(run('compose', 'config'), /single \$\$A/);
    assert.doesNotMatch(run('compose', 'config', '--environment'), /STRANGER/);
    assert.equal(existsSync(join(folder, 'ran')), false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('both launchers start it alike', () => {
  for (const file of ['berth', 'packaging/berth'])
    for (const line of readFileSync(join(ROOT, file), 'utf8').split('\n'))
      if (/exec .*\/bun"/.test(line)) assert.match(line, / --no-env-file --config=\/dev\/null /, file);
});

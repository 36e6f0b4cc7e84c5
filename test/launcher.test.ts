// The client reads nothing of the directory that it is called in but what its commands say: somebody else may have filled it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = new URL('..', import.meta.url).pathname;

/** The line of a launcher that starts the client in Bun: the flags before the program. */
function bunFlags(file: string): readonly string[] {
  const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
  const found = lines.flatMap((line) => /exec "[^"]*\/bun" (.*?) ?"\$root\/dist\/berth\.cjs"/.exec(line)?.[1] ?? []);
  assert.equal(found.length, 1, `${file}: lines that start Bun`);
  return (found[0] ?? '').split(' ');
}

const BUN = join(ROOT, '.berth/bun');

test('a runtime’s own files in the working directory are not obeyed', {
  skip: existsSync(BUN) ? false : 'set-up found no Bun that works here',
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-launcher-'));
  try {
    writeFileSync(join(folder, 'bunfig.toml'), 'preload = ["./stranger.js"]\n');
    writeFileSync(join(folder, 'stranger.js'), `require('fs').writeFileSync('${folder}/ran', '');`);
    writeFileSync(join(folder, '.env'), "A=1\nQ='single $A'\n");
    writeFileSync(join(folder, '.env.local'), 'STRANGER=1\n');
    writeFileSync(join(folder, 'compose.yaml'), 'services: {a: {image: busybox, command: ["${Q}"]}}\n');
    const run = (...args: string[]): string => {
      const words = [...bunFlags('berth'), join(ROOT, 'src/bin/berth.ts'), ...args];
      return spawnSync(BUN, words, { cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'] } }).stdout;
    };
    assert.match(run('compose', 'config'), /single \$\$A/);
    assert.doesNotMatch(run('compose', 'config', '--environment'), /STRANGER/);
    assert.equal(existsSync(join(folder, 'ran')), false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('both launchers start it alike', () => {
  assert.deepEqual(bunFlags('berth'), ['--no-env-file', '--config=/dev/null']);
  assert.deepEqual(bunFlags('packaging/berth'), bunFlags('berth'));
});

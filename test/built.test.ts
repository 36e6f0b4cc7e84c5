// The bundles of dist/ are whole: each program of a built checkout starts.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';

const root = dirname(import.meta.dirname);
// Native packages are looked up from the bundles on.
const out = mkdtempSync(join(root, 'node_modules/.berth-built-'));
after(() => rmSync(out, { recursive: true, force: true }));

const node = (...args: readonly string[]): string =>
  execFileSync(process.execPath, args, { cwd: tmpdir(), encoding: 'utf8', timeout: 50_000 });

test('a built checkout starts the client, the daemon, Compose and the doctor', () => {
  execFileSync(process.execPath, [join(root, 'scripts/build.ts')], { env: { ...process.env, BERTH_DIST: out } });
  const berth = join(out, 'berth.cjs');
  assert.match(node(berth, '--version'), /^Berth version /);
  assert.match(node(berth, 'daemon', '--version'), /^Berth version /);
  assert.match(node(berth, 'compose', 'version'), /version/);
  assert.match(node(berth, 'doctor', '--help'), /doctor/);
});

test('chunks of earlier builds stay for a week, for programs that run; all else is of this build', () => {
  const dist = join(out, 'again');
  mkdirSync(dist);
  const put = (name: string, days: number): void => {
    const time = new Date(Date.now() - days * 24 * 3_600_000);
    writeFileSync(join(dist, name), `// ${name}\n`);
    utimesSync(join(dist, name), time, time);
  };
  put('chunk-RECENT00.mjs', 6);
  put('chunk-ANCIENT0.mjs', 8);
  put('main-gone.mjs', 1);
  const made = statSync(join(dist, 'chunk-RECENT00.mjs')).mtimeMs;
  const build = (to: string, more: NodeJS.ProcessEnv = {}): void =>
    void execFileSync(process.execPath, [join(root, 'scripts/build.ts'), 'doctor'], {
      env: { ...process.env, BERTH_DIST: to, ...more },
    });
  build(dist);
  assert.equal(readFileSync(join(dist, 'chunk-RECENT00.mjs'), 'utf8'), '// chunk-RECENT00.mjs\n');
  // not younger by the build, or it would stay for ever
  assert.equal(statSync(join(dist, 'chunk-RECENT00.mjs')).mtimeMs, made);
  for (const name of ['chunk-ANCIENT0.mjs', 'main-gone.mjs']) assert.equal(existsSync(join(dist, name)), false, name);
  // the set-up builds beside, and puts the folder in its place when it is whole
  const beside = join(out, 'beside');
  build(beside, { BERTH_DIST_BEFORE: dist });
  assert.equal(existsSync(join(beside, 'chunk-RECENT00.mjs')), true);
});

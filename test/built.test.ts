// The bundles of dist/ are whole: each program of a built checkout starts.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
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

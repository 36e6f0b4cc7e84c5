// Makes the packages of this commit: `node scripts/package.ts [--fast] [npm|amd64|arm64|docker]...`; all of them without a name.
// The same commit gives the same bytes. --fast: little compression, for a try.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Debs } from './package/deb.ts';
import { manifestOf } from './package/inputs.ts';
import { manualPages } from './package/man.ts';
import { npmPackage } from './package/npm.ts';

const root = dirname(import.meta.dirname);
const KINDS = ['npm', 'amd64', 'arm64', 'docker'];

const words = process.argv.slice(2);
const fast = words.includes('--fast');
const named = words.filter((word) => word !== '--fast');
const unknown = named.find((word) => !KINDS.includes(word));
if (unknown !== undefined) {
  process.stderr.write(`no such package: ${unknown} (${KINDS.join(', ')})\n`);
  process.exit(2);
}
const wanted = named.length === 0 ? KINDS : named;

/** When the commit was made; a tree without git says it by SOURCE_DATE_EPOCH. */
const epoch = Number(
  process.env['SOURCE_DATE_EPOCH'] ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root }),
);
/** BERTH_PACKAGES: another place than the checkout's packages/. */
const out = process.env['BERTH_PACKAGES'] ?? join(root, 'packages');
const work = mkdtempSync(join(tmpdir(), 'berth-package-'));
process.umask(0o022);
try {
  mkdirSync(out, { recursive: true });
  const dist = join(work, 'dist');
  execFileSync(process.execPath, [join(root, 'scripts/build.ts')], {
    env: { ...process.env, BERTH_DIST: dist },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const inputs = { root, work, dist, out, epoch, fast };
  const date = new Date(epoch * 1000).toISOString().slice(0, 10);
  const pages = await manualPages(manifestOf(root).version, date);
  const debs = new Debs(inputs, pages);
  const files: string[] = [];
  if (wanted.includes('npm')) files.push(npmPackage(inputs, pages));
  for (const architecture of ['amd64', 'arm64'] as const)
    if (wanted.includes(architecture)) files.push(debs.engine(architecture));
  if (wanted.includes('docker')) files.push(debs.docker());
  const sums = files.map(
    (file) => `${createHash('sha256').update(readFileSync(file)).digest('hex')}  ${basename(file)}\n`,
  );
  writeFileSync(join(out, 'SHA256SUMS'), sums.join(''));
  process.stdout.write(sums.join(''));
} finally {
  rmSync(work, { recursive: true, force: true });
}

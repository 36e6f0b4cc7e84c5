// Files copied in and out of trees that do their best to lead elsewhere; and what an overlay changed.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { mountsBelow, unmountSync } from '../mount.ts';
import { mountOverlay } from '../overlay.ts';
import {
  changesOf,
  copyIn,
  copyOut,
  type CopyInOptions,
  type Place,
  readTexts,
  statBelow,
  TAR_TRAILER,
  tarHeader,
  tarPadding,
} from './index.ts';
import type { StackView } from './view.ts';

let work = '';
let count = 0;
before(() => {
  work = mkdtempSync(join(tmpdir(), 'view-'));
});
after(() => rmSync(work, { recursive: true, force: true }));

interface Tree {
  readonly folder: string;
  readonly upper: string;
  readonly lower: string;
  readonly merged: string;
  readonly view: StackView;
}

/** An upper and a lower layer; `binds` as `[source, target, readOnly]`. */
function tree(writable: boolean, binds: readonly [string, string, boolean][] = []): Tree {
  count += 1;
  const folder = join(work, String(count));
  const [upper, lower, merged, workDir] = ['upper', 'lower', 'merged', 'work'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const path of [upper, lower, merged, workDir]) mkdirSync(path, { recursive: true });
  const shared = {
    kind: 'stack' as const,
    at: merged,
    binds: binds.map(([source, target, readOnly]) => ({ source, target, readOnly, recursive: true })),
  };
  const view: StackView = writable
    ? { ...shared, lowerDirs: [lower], writable: { upper, work: workDir } }
    : { ...shared, lowerDirs: [upper, lower] };
  return { folder, upper, lower, merged, view };
}

async function* tar(items: Readonly<Record<string, string>>): AsyncGenerator<Buffer> {
  for (const [name, data] of Object.entries(items)) {
    yield tarHeader({ name, type: 'file', size: data.length });
    yield Buffer.from(data);
    yield Buffer.alloc(tarPadding(data.length));
  }
  yield TAR_TRAILER;
}

const into = (path: string, more: Partial<CopyInOptions> = {}): CopyInOptions => ({
  path,
  readOnlyRoot: false,
  mounts: [],
  keepTypes: false,
  ...more,
});

/** Names in the archive. */
async function names(place: Place, path: string): Promise<string[]> {
  using copy = await copyOut(place, path);
  const chunks: Buffer[] = [];
  for await (const chunk of copy.archive) chunks.push(Buffer.from(chunk));
  return execFileSync('tar', ['-tPf', '-'], { input: Buffer.concat(chunks), encoding: 'utf8' })
    .trim()
    .split('\n');
}

async function content(place: Place, path: string): Promise<string> {
  using copy = await copyOut(place, path);
  const chunks: Buffer[] = [];
  for await (const chunk of copy.archive) chunks.push(Buffer.from(chunk));
  return execFileSync('tar', ['-xPOf', '-'], { input: Buffer.concat(chunks), encoding: 'utf8' });
}

test('links are followed inside the root, absolute ones too', async () => {
  const { lower, upper, view, folder } = tree(true);
  mkdirSync(join(lower, 'run/app'), { recursive: true });
  mkdirSync(join(lower, 'var'));
  symlinkSync('/run', join(lower, 'var/run'));
  symlinkSync('../../../../../../run/app', join(lower, 'var/up'));
  symlinkSync(folder, join(lower, 'host'));
  writeFileSync(join(lower, 'run/app/f'), 'in the image');
  assert.equal(await content(view, '/var/run/app/f'), 'in the image');
  assert.deepEqual(await names(view, '/var/up/'), ['up/', 'up/f']);
  for (const path of ['/var/up/.', 'var/up/./', '/run/app/.//'])
    assert.deepEqual(await names(view, path), ['./', './f']);
  const link = await statBelow(view, '/var/run');
  assert.deepEqual([link.name, link.target, link.mode & 0o170000], ['run', '/run', 0o120000]);
  assert.deepEqual([(await statBelow(view, '/host')).target], [folder]);
  await assert.rejects(statBelow(view, '/host/lower'), { code: 'ENOENT' });
  await copyIn(view, tar({ g: 'put' }), into('/var/run/app'));
  await copyIn(view, tar({ h: 'put' }), into('/var/up'));
  assert.deepEqual(readdirSync(join(upper, 'run/app')).sort(), ['g', 'h']);
  await assert.rejects(copyIn(view, tar({ g: 'put' }), into('/host')), { code: 'ENOENT' });
  assert.deepEqual(mountsBelow(folder), []);
});

test('archive members through links of the tree stay in it', async () => {
  const { lower, upper, view, folder } = tree(true);
  const outside = join(folder, 'outside');
  mkdirSync(outside);
  symlinkSync(outside, join(lower, 'away'));
  await assert.rejects(copyIn(view, tar({ 'away/f': 'x' }), into('/')));
  await assert.rejects(copyIn(view, tar({ '../f': 'x' }), into('/')), /invalid entry name "\.\.\/f"/);
  assert.deepEqual([readdirSync(outside), existsSync(join(upper, 'f'))], [[], false]);
});

test('fault R30: a link that is swapped for a directory and back all the time leads nowhere else', async () => {
  const { folder, merged, upper, lower } = tree(true);
  const outside = join(folder, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'secret'), 'of the host');
  mkdirSync(join(lower, 'd'));
  mountOverlay({ lowerDirs: [lower], upper, work: join(folder, 'work'), volatile: false }, merged);
  const script = `cd '${merged}'; ln -s '${outside}' link; while :; do mv d real; mv link d; mv d link; mv real d; done 2>/dev/null`;
  const swapper = spawn('sh', ['-c', script], { stdio: 'ignore' });
  try {
    for (let round = 0; round < 15; round += 1) {
      await copyIn(merged, tar({ [`d/${round}`]: 'x', secret: 'y' }), into(round % 2 ? '/' : '/d')).catch(
        () => undefined,
      );
      assert.notEqual(await content(merged, '/d/secret').catch(() => ''), 'of the host');
    }
  } finally {
    swapper.kill('SIGKILL');
    await once(swapper, 'close');
    unmountSync(merged);
  }
  assert.deepEqual(readdirSync(outside), ['secret']);
  assert.equal(readFileSync(join(outside, 'secret'), 'utf8'), 'of the host');
});

test('mounts are put where links lead, made where they are missing, and are gone with the thread', async () => {
  const volume = mkdtempSync(join(work, 'volume-'));
  const single = join(volume, 'one');
  writeFileSync(single, 'a file');
  const { lower, upper, view, folder } = tree(true, [
    [volume, '/var/run/data', false],
    [volume, '/new/ro', true],
    [single, '/etc/one', true],
  ]);
  mkdirSync(join(lower, 'run'));
  mkdirSync(join(lower, 'var'));
  symlinkSync('/run', join(lower, 'var/run'));
  const mounts = [
    { target: '/var/run/data', rw: true },
    { target: '/new/ro', rw: false },
  ];
  await copyIn(view, tar({ f: 'x' }), into('/run/data', { mounts, readOnlyRoot: true }));
  assert.equal(readFileSync(join(volume, 'f'), 'utf8'), 'x');
  assert.equal(await content(view, '/etc/one'), 'a file');
  await assert.rejects(
    copyIn(view, tar({ f: 'x' }), into('/new/ro', { mounts })),
    /^BerthError: mounted volume is marked read-only/,
  );
  await assert.rejects(
    copyIn(view, tar({ f: 'x' }), into('/run', { mounts, readOnlyRoot: true })),
    /rootfs is marked read-only/,
  );
  await assert.rejects(copyIn(view, tar({ 'ro/f': 'x' }), into('/new', { mounts })), { code: 'EROFS' });
  await assert.rejects(
    copyIn(view, tar({ f: 'x' }), into('/etc/one', { mounts })),
    /extraction point is not a directory/,
  );
  assert.ok(existsSync(join(upper, 'run/data')));
  assert.deepEqual(mountsBelow(folder), []);
});

test('reading changes nothing, not even to make the place of a mount', async () => {
  const volume = mkdtempSync(join(work, 'volume-'));
  writeFileSync(join(volume, 'f'), 'x');
  const { upper, lower, view, folder } = tree(false, [[volume, '/a/b/c', true]]);
  writeFileSync(join(lower, 'below'), 'x');
  writeFileSync(join(upper, 'above'), 'x');
  assert.deepEqual(await names(view, '/a/b'), ['b/', 'b/c/', 'b/c/f']);
  assert.deepEqual(await names(view, '/'), ['/', '/a/', '/a/b/', '/a/b/c/', '/a/b/c/f', '/above', '/below']);
  assert.deepEqual(readdirSync(upper), ['above']);
  assert.deepEqual(mountsBelow(folder), []);
});

test('a copy that nobody reads to its end holds nothing', async () => {
  const { lower, view, folder } = tree(false);
  writeFileSync(join(lower, 'big'), Buffer.alloc(8 * 1024 * 1024));
  const copy = await copyOut(view, '/big');
  for await (const chunk of copy.archive) {
    assert.ok(chunk.length > 0);
    break;
  }
  copy[Symbol.dispose]();
  const stop = new AbortController();
  const aborted = await copyOut(view, '/big', stop.signal);
  stop.abort();
  await assert.rejects(async () => {
    for await (const chunk of aborted.archive) assert.ok(chunk.length > 0);
  });
  assert.deepEqual(mountsBelow(folder), []);
});

/** A process in mounts of its own, with a file in them that nobody else sees. */
async function stranger(folder: string): Promise<ChildProcess> {
  const script = `mount -t tmpfs own '${folder}' && echo mine > '${folder}/f' && ln -s /proc/1/root '${folder}/host' && ln -s /proc/$$/root '${folder}/self' && echo ready && exec sleep 60`;
  const child = spawn('unshare', ['-m', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

test("a process's own mounts are seen and written; links of /proc lead nowhere", async () => {
  const folder = mkdtempSync(join(work, 'ns-'));
  const child = await stranger(folder);
  const fd = openSync(`/proc/${child.pid}/ns/mnt`, 'r');
  const place: Place = { kind: 'namespace', fd, hidden: ['/proc'] };
  try {
    assert.equal(await content(place, join(folder, 'f')), 'mine\n');
    assert.deepEqual(await readTexts(place, [join(folder, 'f'), join(folder, 'none'), folder]), ['mine\n', '', '']);
    await copyIn(place, tar({ g: 'x' }), into(folder));
    assert.equal(execFileSync('nsenter', ['-m', '-t', String(child.pid), 'cat', join(folder, 'g')]).toString(), 'x');
    for (const link of ['host', 'self']) {
      await assert.rejects(statBelow(place, join(folder, link, 'etc')), { code: 'ENOENT' });
      await assert.rejects(copyIn(place, tar({ g: 'x' }), into(join(folder, link))), { code: 'ENOENT' });
    }
    assert.ok(existsSync('/proc/self/root'));
    await assert.rejects(statBelow({ ...place, hidden: [join(folder, 'f')] }, '/'));
  } finally {
    closeSync(fd);
    child.kill();
    await once(child, 'close');
  }
  assert.deepEqual([readdirSync(folder), mountsBelow(folder)], [[], []]);
});

test('changes of an overlay, each once, in the words of diff', async () => {
  const { folder, upper, lower, merged } = tree(true);
  const second = join(folder, 'second');
  mkdirSync(second);
  const shell = (script: string, cwd: string): void => void execFileSync('sh', ['-ec', script], { cwd });
  shell(
    'mkdir -p etc a/b gone opaque/deep touched; echo 1 > etc/f; echo 1 > etc/g; echo 1 > gone/x; echo 1 > opaque/x; echo 1 > opaque/deep/y; echo 1 > a/b/c; echo 1 > same',
    second,
  );
  shell('mkdir -p top; echo 2 > top/t; echo 2 > hidden', lower);
  const lowerDirs = [lower, second];
  mountOverlay({ lowerDirs, upper, work: join(folder, 'work'), volatile: false }, merged);
  try {
    shell(
      'echo 3 >> etc/f; rm -r gone; rm -r opaque; mkdir -p opaque/deep; echo 3 > opaque/n; mkdir -p new/dir; rm hidden; chmod 700 touched; chmod 644 same; rm -r top; echo 3 > top; mkdir dev; : > etc/hosts',
      merged,
    );
  } finally {
    unmountSync(merged);
  }
  const { changes, unchanged } = await changesOf(merged, upper, lowerDirs, ['/dev', '/etc/hosts', '/proc']);
  assert.deepEqual(
    changes.map(({ path, kind }) => `${kind.charAt(0)} ${path}`),
    [
      'm /etc',
      'm /etc/f',
      'd /gone',
      'd /hidden',
      'a /new',
      'a /new/dir',
      'm /opaque',
      'm /opaque/deep',
      'd /opaque/deep/y',
      'a /opaque/n',
      'd /opaque/x',
      'm /top',
      'd /top/t',
      'm /touched',
    ],
  );
  assert.deepEqual(
    unchanged.sort(),
    ['/dev', '/etc/hosts', '/same'].filter((path) => existsSync(join(upper, path))),
  );
  assert.deepEqual(mountsBelow(folder), []);
});

test('safety L7: in a view no device is opened, whoever puts it where a file was', async () => {
  const folder = mkdtempSync(join(work, 'dev-'));
  const at = join(folder, 'at');
  mkdirSync(at);
  const child = spawn(
    'unshare',
    ['-m', 'sh', '-c', `mount -t tmpfs own '${at}' && mknod '${at}/f' c 1 5 && echo ready && exec sleep 60`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await once(child.stdout, 'data');
  const fd = openSync(`/proc/${child.pid}/ns/mnt`, 'r');
  try {
    // as a view has its mounts, in a namespace of its own
    const script = `import { readFileSync, openSync } from 'node:fs';
      const { enter } = await import(${JSON.stringify(new URL('./view.ts', import.meta.url).href)});
      openSync(process.argv[2], 'r');
      enter({ kind: 'namespace', fd: openSync(process.argv[1], 'r'), hidden: ['/proc'] });
      try { openSync(process.argv[2], 'r'); console.log('opened'); } catch (error) { console.log(error.code); }`;
    const device = join(at, 'f');
    const own = ['-m', '-t', String(child.pid), process.execPath, '--input-type=module', '-e', script];
    const said = execFileSync('nsenter', [...own, `/proc/${child.pid}/ns/mnt`, device], { encoding: 'utf8' });
    assert.equal(said, 'EACCES\n');
    assert.deepEqual(await readTexts({ kind: 'namespace', fd, hidden: ['/proc'] }, [device]), ['']);
  } finally {
    closeSync(fd);
    child.kill('SIGKILL');
  }
});

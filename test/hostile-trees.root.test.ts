// One contract for all that writes a tree into a folder: whatever is there, and whatever comes, nothing outside changes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { unpack } from '../src/cli/commands/container/files/archive.ts';
import { receiveOutput } from '../src/client/build/output.ts';
import { partsOf, TreeWriter, WatchedDoor } from '../src/files/index.ts';
import { copyDirectory, copyIn, spoolTar, unpackTar } from '../src/host/sandbox/index.ts';
import { copyUp } from '../src/volumes/copy-up.ts';
import { archiveOf, type HostileTree, HOSTILE_TREES, makeOutside, makeTree, stateOf } from './support/hostile-trees.ts';

const noStdout = (): never => assert.fail('files go into a directory');

interface Writer {
  readonly is: string;
  /** It has no descriptor to hold on to. */
  readonly byPath?: boolean;
  write(root: string, tree: HostileTree, outside: string): Promise<unknown>;
}

let work = '';
let outside = '';

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'hostile-'));
  outside = join(work, 'outside');
  makeOutside(outside);
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

async function copied(root: string, tree: HostileTree): Promise<unknown> {
  makeTree(tree, join(work, 'tree'), outside);
  const source = openSync(join(work, 'tree'), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return await copyDirectory(root, { source, onlyWhenEmpty: false, asLayer: false });
  } finally {
    closeSync(source);
  }
}

async function writtenByPath(root: string, tree: HostileTree): Promise<void> {
  const door = new WatchedDoor();
  const at = door.openRoot(root);
  using writer = new TreeWriter(door, at, { conflict: 'replace' });
  for (const { name, type, linkname = '', mode = 0o644 } of tree.comes(outside)) {
    const parts = partsOf(name, root);
    if (type === 'directory') writer.directory(parts, { mode, mtime: 1e9 });
    else if (type === 'symlink') writer.symlink(parts, linkname, { mtime: 1e9 });
    else if (type === 'link') writer.link(parts, partsOf(linkname, root));
    else if (type === 'file') {
      const file = writer.openFile(parts);
      if (file === undefined) continue;
      writeFileSync(file, 'x');
      writer.closeFile(file, { mode, mtime: 1e9 });
    }
  }
  writer.finish();
}

const archive = (root: string, tree: HostileTree, prefix?: string) => archiveOf(tree, root, outside, prefix);

const WRITERS: readonly Writer[] = [
  {
    is: 'cp to the host, into a directory that is there',
    write: (root, tree) => unpack(archive(root, tree, 'src/'), { root, name: undefined }, { owner: true }),
  },
  {
    is: 'cp to the host, under its own name',
    write: (root, tree) =>
      unpack(archive(root, tree, 'root/'), { root: join(root, '..'), name: 'root' }, { owner: false }),
  },
  {
    is: 'build --output',
    write: (root, tree) => receiveOutput({ takes: 'directory', path: root }, archive(root, tree), noStdout),
  },
  {
    is: 'PUT of an archive',
    write: (root, tree) =>
      copyIn(root, archive(root, tree), { path: '/', readOnlyRoot: false, mounts: [], keepTypes: true }),
  },
  { is: 'a layer', write: (root, tree) => unpackTar(root, archive(root, tree), { whiteouts: 'overlay' }) },
  { is: 'load', write: (root, tree) => spoolTar(root, archive(root, tree), { known: new Set() }) },
  { is: 'copy-up', write: (root, tree) => copied(root, tree) },
  { is: 'names alone, where there are no descriptors', byPath: true, write: writtenByPath },
];

for (const writer of WRITERS)
  suite(writer.is, () => {
    for (const tree of HOSTILE_TREES) {
      if (writer.byPath && tree.swaps !== undefined) continue;
      test(`safety H1 H2 M1: ${tree.is} leads nowhere outside`, { timeout: 20_000 }, async () => {
        const root = join(work, 'root');
        mkdirSync(root);
        tree.before?.(root, outside);
        const before = stateOf(outside);
        // what cannot be written is refused; what matters is what is outside then
        await writer.write(root, tree, outside).catch((error: unknown) => assert.ok(error instanceof Error));
        assert.equal(stateOf(outside), before);
      });
    }
  });

async function* file(name: string, mode: number): AsyncGenerator<Buffer> {
  yield* archiveOf({ is: '', comes: () => [{ name, type: 'file', mode }] }, work, outside);
}

test('safety H2: cp twice to one place, a link first and a directory then, says what Docker says', async () => {
  const landing = { root: work, name: 'src' };
  const first: HostileTree = { is: '', comes: () => [{ name: 'src', type: 'symlink', linkname: outside }] };
  const second: HostileTree = {
    is: '',
    comes: () => [
      { name: 'src', type: 'directory', mode: 0o777 },
      { name: 'src/canary', type: 'file', mode: 0o777 },
    ],
  };
  const before = stateOf(outside);
  await unpack(archive(work, first), landing, { owner: false });
  assert.equal(readlinkSync(join(work, 'src')), outside);
  await assert.rejects(unpack(archive(work, second), landing, { owner: false }), {
    message: `cannot overwrite non-directory "${work}/src" with directory "${work}"`,
  });
  await assert.rejects(
    unpack(
      archive(work, { is: '', comes: () => [{ name: 'outside', type: 'file' }] }),
      { root: work, name: 'outside' },
      { owner: false },
    ),
    {
      message: `cannot overwrite directory "${outside}" with non-directory "${work}"`,
    },
  );
  assert.equal(stateOf(outside), before);
});

test("safety M1: what a build puts out takes the place of what was there, and is nobody else's program", async () => {
  const root = join(work, 'root');
  mkdirSync(join(root, 'prog/sub'), { recursive: true });
  writeFileSync(join(root, 'prog/sub/f'), 'x');
  await receiveOutput({ takes: 'directory', path: root }, file('prog', 0o6755), noStdout);
  assert.equal(lstatSync(join(root, 'prog')).mode & 0o7777, 0o755);
  assert.equal(readFileSync(join(root, 'prog'), 'utf8'), 'from the archive');
  const linked = join(work, 'named');
  symlinkSync(root, linked);
  await receiveOutput({ takes: 'directory', path: linked }, file('more', 0o644), noStdout);
  assert.ok(existsSync(join(root, 'more')), 'the directory that the user names may be a link');
});

test('safety H1: a volume with nothing but lost+found is filled only around a real directory', async () => {
  const [rootfs, volume] = [join(work, 'rootfs'), join(work, 'volume')];
  mkdirSync(join(rootfs, 'data'), { recursive: true });
  mkdirSync(volume);
  writeFileSync(join(rootfs, 'data/lost+found'), 'from the image', { mode: 0o755 });
  writeFileSync(join(rootfs, 'data/f'), 'from the image');
  symlinkSync(join(outside, 'canary'), join(volume, 'lost+found'));
  const before = stateOf(outside);
  await copyUp(rootfs, '/data', volume);
  assert.deepEqual([stateOf(outside), existsSync(join(volume, 'f'))], [before, false]);
  rmSync(join(volume, 'lost+found'));
  mkdirSync(join(volume, 'lost+found'), { mode: 0o700 });
  rmSync(join(rootfs, 'data/lost+found'));
  mkdirSync(join(rootfs, 'data/lost+found'));
  writeFileSync(join(rootfs, 'data/lost+found/in'), 'x');
  chmodSync(join(rootfs, 'data'), 0o1777);
  await copyUp(rootfs, '/data', volume);
  assert.equal(readFileSync(join(volume, 'f'), 'utf8'), 'from the image');
  assert.equal(lstatSync(volume).mode & 0o7777, 0o1777);
  assert.deepEqual(
    [existsSync(join(volume, 'lost+found/in')), lstatSync(join(volume, 'lost+found')).mode & 0o777],
    [false, 0o700],
  );
  rmSync(join(volume, 'f'));
  writeFileSync(join(volume, 'g'), 'own');
  await copyUp(rootfs, '/data', volume);
  assert.deepEqual([existsSync(join(volume, 'f')), readFileSync(join(volume, 'g'), 'utf8')], [false, 'own']);
});

const SWAPPER = `
const { lstatSync, renameSync, symlinkSync } = require('node:fs');
const [volume, outside] = process.argv.slice(1);
process.stdout.write('ready');
for (let count = 0, swaps = 0; ; count += 1) {
  const path = volume + '/d';
  try {
    if (!lstatSync(path).isDirectory()) continue;
    renameSync(path, volume + '/aside' + count);
    symlinkSync(outside, path);
  } catch {}
}`;

test('fault R38: a container that swaps directories of a volume while it is filled changes nothing outside', async () => {
  const rootfs = join(work, 'rootfs');
  mkdirSync(join(rootfs, 'data/d/dir'), { recursive: true });
  for (let count = 0; count < 500; count += 1) writeFileSync(join(rootfs, `data/d/${count}`), 'x', { mode: 0o777 });
  for (const name of ['canary', 'dir/inner']) writeFileSync(join(rootfs, 'data/d', name), 'x', { mode: 0o777 });
  const before = stateOf(outside);
  let swaps = 0;
  for (let round = 0; round < 8 || (swaps === 0 && round < 60); round += 1) {
    const volume = join(work, `volume${round}`);
    mkdirSync(volume);
    const swapper = spawn(process.execPath, ['-e', SWAPPER, volume, outside], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(swapper, 'exit');
    try {
      await once(swapper.stdout, 'data');
      await copyUp(rootfs, '/data', volume).catch((error: unknown) => assert.ok(error instanceof Error));
    } finally {
      swapper.kill('SIGKILL');
      await ended;
    }
    if (lstatSync(join(volume, 'd')).isSymbolicLink()) swaps += 1;
    assert.equal(stateOf(outside), before);
  }
  assert.ok(swaps > 0, 'no directory was swapped: the race was not run');
});

// What COPY makes of files: owners, modes, times, links and devices, in a tree that has some of it already.
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { mknod, S_IFCHR, S_IFIFO } from './sandbox/kernel.ts';
import { type PlaceGroup, type PlaceOptions, placeFiles, scanBelow } from './sandbox/index.ts';

const OLD = 1_000_000_000;
let work = '';
let count = 0;
before(() => {
  work = mkdtempSync(join(tmpdir(), 'place-'));
});
after(() => rmSync(work, { recursive: true, force: true }));

/** A source with something of every kind, and an empty tree. */
function sides(): { readonly source: string; readonly tree: string; at: string } {
  count += 1;
  const [source, tree, at] = ['source', 'tree', 'at'].map((name) => join(work, String(count), name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [source, tree, at]) mkdirSync(folder, { recursive: true });
  const inner = join(source, 'inner');
  mkdirSync(inner);
  writeFileSync(join(inner, 'file'), 'content');
  chownSync(join(inner, 'file'), 5, 6);
  chmodSync(join(inner, 'file'), 0o4755);
  linkSync(join(inner, 'file'), join(inner, 'name'));
  linkSync(join(inner, 'file'), join(source, 'outer'));
  symlinkSync('nowhere', join(inner, 'link'));
  lchownSync(join(inner, 'link'), 7, 8);
  lutimesSync(join(inner, 'link'), OLD, OLD);
  mknod(join(inner, 'fifo'), S_IFIFO | 0o600);
  mknod(join(inner, 'null'), S_IFCHR | 0o600, 1, 3);
  for (const name of ['fifo', 'null']) {
    chownSync(join(inner, name), 9, 10);
    chmodSync(join(inner, name), 0o2640);
  }
  for (const name of ['file', 'fifo', 'null']) utimesSync(join(inner, name), OLD, OLD);
  chownSync(inner, 5, 6);
  chmodSync(inner, 0o1777);
  utimesSync(inner, OLD, OLD);
  chmodSync(source, 0o700);
  utimesSync(source, OLD, OLD);
  return { source, tree, at };
}

async function copied(
  { source, tree, at }: ReturnType<typeof sides>,
  destination: string,
  options: Omit<PlaceOptions, 'groups'> = {},
): Promise<(path: string) => string> {
  const entries = ['inner', ...readdirSync(join(source, 'inner')).map((name) => `inner/${name}`), 'outer'];
  const group: PlaceGroup = {
    from: 0,
    isDirectory: true,
    name: 'source',
    top: '/',
    destination,
    entries: entries.map((path) => ({ path: `/${path}`, to: path })),
  };
  const view = { kind: 'workshop', at, lowerDirs: [], upper: tree, work: '', places: [[source]] } as const;
  await placeFiles(view, { ...options, groups: [group] });
  return (path) => {
    const { mode, uid, gid, mtimeMs } = lstatSync(join(tree, path));
    return `${(mode & 0o7777).toString(8)} ${uid}:${gid}${mtimeMs === OLD * 1000 ? ' old' : ''}`;
  };
}

test('users B3: everything that is copied keeps its owner, mode and time, whatever kind of file it is', async () => {
  const shown = await copied(sides(), '/x');
  assert.deepEqual(['x', 'x/inner', 'x/inner/file', 'x/inner/link', 'x/inner/fifo', 'x/inner/null'].map(shown), [
    '755 0:0 old',
    '1777 5:6 old',
    '4755 5:6 old',
    '777 7:8 old',
    '2640 9:10 old',
    '2640 9:10 old',
  ]);
});

test('users B3: a directory that is there gets the owner, mode and time of the one that is copied over it', async () => {
  const both = sides();
  mkdirSync(join(both.tree, 'x/inner'), { recursive: true, mode: 0o700 });
  chmodSync(join(both.tree, 'x'), 0o711);
  chownSync(join(both.tree, 'x'), 3, 4);
  const shown = await copied(both, '/x/');
  // the destination itself is who made it, but for its time
  assert.deepEqual(['x', 'x/inner'].map(shown), ['711 3:4 old', '1777 5:6 old']);
});

test('users B4: with an owner and a mode, the destination and the directories above it that are made have them too', async () => {
  const shown = await copied(sides(), '/a/b/', { owner: { uid: 20, gid: 30 }, mode: 0o2750 });
  assert.deepEqual(['a', 'a/b', 'a/b/inner', 'a/b/inner/file', 'a/b/inner/link', 'a/b/inner/fifo'].map(shown), [
    '750 20:30',
    '750 20:30 old',
    '2750 20:30 old',
    '2750 20:30 old',
    '777 20:30 old',
    '2750 20:30 old',
  ]);
});

test('users B10: names of one file stay so within a copy, also with another owner', async () => {
  for (const options of [{}, { owner: { uid: 20, gid: 30 } }]) {
    const both = sides();
    await copied(both, '/x', options);
    const inodes = ['inner/file', 'inner/name', 'outer'].map((name) => lstatSync(join(both.tree, 'x', name)).ino);
    assert.equal(new Set(inodes).size, 1);
    assert.equal(readFileSync(join(both.tree, 'x/outer'), 'utf8'), 'content');
  }
});

test('in a setgid directory files have the group of their source, and its mode', async () => {
  const both = sides();
  mkdirSync(join(both.tree, 'x'));
  chownSync(join(both.tree, 'x'), 0, 50);
  chmodSync(join(both.tree, 'x'), 0o2755);
  const shown = await copied(both, '/x');
  assert.deepEqual(['x/inner', 'x/inner/file'].map(shown), ['1777 5:6 old', '4755 5:6 old']);
});

test('a scan says what is not as usual: owners, capabilities, numbers of devices', async () => {
  const { source } = sides();
  const found = await scanBelow(source, { paths: ['/'], digests: false });
  assert.deepEqual(
    ['inner', 'inner/file', 'inner/null', 'inner/fifo'].map((path) => found.get(path)?.attributes),
    ['5:6', '5:6', '9:10 device 259', '9:10'],
  );
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { packTar, spoolTar, TAR_TRAILER, tarHeader, tarPadding, unpackTar } from './index.ts';
import { getXattr, setXattr } from './kernel.ts';
import type { TarFields } from './tar/write.ts';

let work = '';
let count = 0;
before(() => {
  work = mkdtempSync(join(tmpdir(), 'confined-'));
});
after(() => rmSync(work, { recursive: true, force: true }));

function root(): string {
  count += 1;
  const path = join(work, `r${count}`);
  mkdirSync(path);
  return path;
}

type Item = [string, Partial<TarFields>?, string?];

async function* tar(...items: Item[]): AsyncGenerator<Buffer> {
  for (const [name, fields = {}, data = ''] of items) {
    yield tarHeader({ name, type: 'file', ...fields, size: data.length });
    yield Buffer.from(data);
    yield Buffer.alloc(tarPadding(data.length));
  }
  yield TAR_TRAILER;
}

const overlay = { whiteouts: 'overlay' } as const;
const unpackItems = async (...items: Item[]): Promise<string> => {
  const path = root();
  await unpackTar(path, tar(...items), overlay);
  return path;
};

test('files, directories, links, devices, modes, owners and times arrive', async () => {
  const path = await unpackItems(
    ['d/', { type: 'directory', mode: 0o2750, uid: 5, gid: 6, mtime: 1000 }],
    ['d/f', { mode: 0o4755, uid: 7, gid: 8, mtime: 2000 }, 'hello'],
    ['hard', { type: 'link', linkname: 'd/f' }],
    ['sym', { type: 'symlink', linkname: '../../../etc', mtime: 3000 }],
    ['null', { type: 'char', major: 1, minor: 3, mode: 0o666 }],
    ['fifo', { type: 'fifo', mode: 0o600 }],
    ['caf\xe9', {}, 'x'],
    ['deep/er/file', {}, 'y'],
  );
  const stat = lstatSync(join(path, 'd/f'));
  assert.deepEqual([stat.mode & 0o7777, stat.uid, stat.gid, stat.mtimeMs, stat.nlink], [0o4755, 7, 8, 2_000_000, 2]);
  const directory = lstatSync(join(path, 'd'));
  assert.deepEqual(
    [directory.mode & 0o7777, directory.uid, directory.gid, directory.mtimeMs],
    [0o2750, 5, 6, 1_000_000],
  );
  assert.ok(lstatSync(join(path, 'null')).rdev === 0x103 && lstatSync(join(path, 'fifo')).isFIFO());
  assert.equal(lstatSync(join(path, 'sym')).mtimeMs, 3_000_000);
  assert.ok(readdirSync(path, { encoding: 'latin1' }).includes('caf\xe9'));
});

test('times that no file can have are 1970', async () => {
  const times = [-1, -0.5, 0, 1e9, 8589934592, 1e11, 1e17];
  const path = await unpackItems(...times.map((mtime): Item => [`f${mtime}`, { mtime }]));
  const found = times.map((mtime) => lstatSync(join(path, `f${mtime}`)).mtimeMs);
  assert.deepEqual(found, [0, 0, 0, 1e12, 8589934592000, 0, 0]);
  const others = await unpackItems(
    ['d/', { type: 'directory', mtime: -1 }],
    ['l', { type: 'symlink', linkname: 'd', mtime: 1e17 }],
  );
  assert.deepEqual([lstatSync(join(others, 'd')).mtimeMs, lstatSync(join(others, 'l')).mtimeMs], [0, 0]);
});

test('fault T1: names that lead out are refused, absolute ones stay inside', async () => {
  for (const name of ['../../etc/x', 'a/../../b'])
    await assert.rejects(unpackItems([name, {}, 'x']), { message: `invalid entry name "${name}"` });
  const path = await unpackItems(['/abs', {}, 'x']);
  assert.equal(readFileSync(join(path, 'abs'), 'utf8'), 'x');
});

test('fault T2: a link as a parent directory leads nowhere outside', async () => {
  const outside = root();
  const up = '../'.repeat(20);
  const path = await unpackItems(
    [outside.slice(1), { type: 'directory' }],
    ['d', { type: 'symlink', linkname: outside }],
    ['d/absolute', {}, 'x'],
    ['e', { type: 'symlink', linkname: `${up}${outside.slice(1)}` }],
    ['e/relative', {}, 'x'],
    ['f', { type: 'symlink', linkname: 'e' }],
    ['f/chain', {}, 'x'],
  );
  assert.deepEqual(readdirSync(outside), []);
  assert.deepEqual(readdirSync(join(path, outside)).sort(), ['absolute', 'chain', 'relative']);
});

test('fault T2: a link to a directory that only a layer below has gets it in this layer, inside the root', async () => {
  const outside = join(work, 'not-here');
  const path = await unpackItems(
    ['d', { type: 'symlink', linkname: '/tmp/x' }],
    ['d/p', {}, 'p'],
    ['d/.wh.gone', {}],
    ['up', { type: 'symlink', linkname: `../../..${outside}` }],
    ['up/q/r', {}, 'r'],
    ['twice', { type: 'symlink', linkname: 'd/y' }],
    ['twice/z', {}, 'z'],
  );
  assert.ok(lstatSync(join(path, 'd')).isSymbolicLink());
  assert.equal(readFileSync(join(path, 'tmp/x/p'), 'utf8'), 'p');
  assert.equal(lstatSync(join(path, 'tmp/x/gone')).rdev, 0);
  assert.equal(readFileSync(join(path, outside, 'q/r'), 'utf8'), 'r');
  assert.equal(readFileSync(join(path, 'tmp/x/y/z'), 'utf8'), 'z');
  assert.ok(!existsSync(outside));
  const loop: Item[] = [
    ['a', { type: 'symlink', linkname: 'b' }],
    ['b', { type: 'symlink', linkname: 'a' }],
  ];
  await assert.rejects(unpackItems(...loop, ['a/f', {}, 'x']));
  await assert.rejects(unpackItems(['f', {}, 'x'], ['l', { type: 'symlink', linkname: 'f/g' }], ['l/x', {}, 'x']));
  const literal = root();
  const items = tar(['d', { type: 'symlink', linkname: '/tmp/x' }], ['d/p', {}, 'p']);
  await assert.rejects(unpackTar(literal, items, { whiteouts: 'literal' }), /is a link that leads nowhere/);
});

test('fault T4: hard links to what is outside are refused', async () => {
  await assert.rejects(unpackItems(['l', { type: 'link', linkname: '../../etc/passwd' }]), {
    message: 'invalid hardlink target "../../etc/passwd"',
  });
  await assert.rejects(unpackItems(['l', { type: 'link', linkname: '/etc/passwd' }]), /no such file or directory/);
});

test('fault T5: owner and mode through a link change nothing outside', async () => {
  const outside = root();
  writeFileSync(join(outside, 'f'), 'x', { mode: 0o600 });
  await unpackItems(
    ['d', { type: 'symlink', linkname: outside }],
    ['d', { type: 'directory', mode: 0o777, uid: 9 }],
    ['d/f', { mode: 0o777, uid: 9 }, 'y'],
  );
  assert.deepEqual([readFileSync(join(outside, 'f'), 'utf8'), lstatSync(join(outside, 'f')).uid], ['x', 0]);
});

test('fault T6: whiteouts become what overlayfs understands, bad ones are refused', async () => {
  const path = await unpackItems(
    ['bin/.wh.vi'],
    ['etc/', { type: 'directory' }],
    ['etc/.wh..wh..opq'],
    ['.wh..wh.plnk/1'],
    ['gone/.wh.x'],
    ['x/.wh.y'],
    ['x/y/z', {}, 'new'],
  );
  const vi = lstatSync(join(path, 'bin/vi'));
  assert.ok(vi.isCharacterDevice() && vi.rdev === 0);
  assert.equal(getXattr(join(path, 'etc'), 'trusted.overlay.opaque'), 'y');
  assert.equal(getXattr(join(path, 'x/y'), 'trusted.overlay.opaque'), 'y');
  assert.equal(readFileSync(join(path, 'x/y/z'), 'utf8'), 'new');
  for (const name of ['.wh.', '.wh..', '.wh...', 'a/.wh..'])
    await assert.rejects(unpackItems([name]), /invalid whiteout entry/, name);
});

test('fault T7: attributes of overlayfs are refused, capabilities are set', async () => {
  const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex').toString('latin1');
  const path = await unpackItems(['f', { xattrs: new Map([['security.capability', capability]]), uid: 3 }, 'x']);
  assert.equal(getXattr(join(path, 'f'), 'security.capability'), capability);
  await assert.rejects(
    unpackItems(['f', { xattrs: new Map([['trusted.overlay.redirect', '/etc']]) }, 'x']),
    /is refused/,
  );
});

test('fault T8: a truncated archive is refused', async () => {
  const path = root();
  async function* cut(): AsyncGenerator<Buffer> {
    yield tarHeader({ name: 'a', type: 'file', size: 5000 });
    yield Buffer.alloc(100);
  }
  await assert.rejects(unpackTar(path, cut(), overlay), { message: 'unexpected EOF', kind: 'invalid' });
});

test('fault T10: the last of several entries of a name counts', async () => {
  const path = await unpackItems(
    ['a', {}, 'one'],
    ['a', {}, 'two'],
    ['b', {}, 'file'],
    ['b/', { type: 'directory' }],
    ['b/c', {}, 'in'],
    ['d/e', {}, 'x'],
    ['d', { type: 'symlink', linkname: 'a' }],
  );
  assert.equal(readFileSync(join(path, 'a'), 'utf8'), 'two');
  assert.equal(readFileSync(join(path, 'b/c'), 'utf8'), 'in');
  assert.ok(lstatSync(join(path, 'd')).isSymbolicLink());
});

test('an archive that is cancelled or whose source fails ends the thread with that error', async () => {
  const failing = async function* (): AsyncGenerator<Buffer> {
    yield tarHeader({ name: 'a', type: 'file', size: 5000 });
    throw new Error('connection reset');
  };
  await assert.rejects(unpackTar(root(), failing(), overlay), /connection reset/);
  const controller = new AbortController();
  const endless = async function* (): AsyncGenerator<Buffer> {
    for (let at = 0; ; at += 1) {
      if (at === 50) controller.abort();
      yield tarHeader({ name: `f${at}`, type: 'file', size: 0 });
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  await assert.rejects(unpackTar(root(), endless(), overlay, controller.signal), { kind: 'cancelled' });
});

test('packing an upper directory gives whiteouts back, and the same bytes each time', async () => {
  const from = root();
  mkdirSync(join(from, 'etc'));
  writeFileSync(join(from, 'etc/f'), 'x');
  symlinkSync('etc', join(from, 's'));
  execFileSync('mknod', [join(from, 'gone'), 'c', '0', '0']);
  execFileSync('ln', [join(from, 'etc/f'), join(from, 'hard')]);
  setXattr(join(from, 'etc'), 'trusted.overlay.opaque', 'y');
  const collect = async (): Promise<Buffer> => {
    const chunks = [];
    for await (const chunk of packTar(from, overlay)) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const archive = await collect();
  assert.deepEqual(await collect(), archive);
  writeFileSync(join(work, 'packed.tar'), archive);
  const list = execFileSync('tar', ['-tf', join(work, 'packed.tar')], { encoding: 'utf8' })
    .trim()
    .split('\n');
  assert.deepEqual(list, ['etc/', 'etc/.wh..wh..opq', 'etc/f', '.wh.gone', 'hard', 's']);
});

const NONE = { known: new Set<string>() };

test('fault I21: spooled members are numbered files, whatever their names are', async () => {
  const path = root();
  const members = await spoolTar(
    path,
    tar(
      ['a/b', {}, 'one'],
      ['l', { type: 'symlink', linkname: '/etc/passwd' }],
      ['a/c', { type: 'symlink', linkname: 'b' }],
    ),
    NONE,
  );
  assert.deepEqual(
    [...members],
    [
      ['a/b', { file: 1, size: 3 }],
      ['l', { link: 'etc/passwd' }],
      ['a/c', { link: 'a/b' }],
    ],
  );
  assert.deepEqual(readdirSync(path), ['1']);
  await assert.rejects(spoolTar(root(), tar(['../x', {}, 'y']), NONE), /invalid entry name/);
  assert.ok(!existsSync(join(work, 'x')));
});

test('fault I21: members that are archives are unpacked where they can harm nothing, and a broken one is known as such', async () => {
  const path = root();
  const bytes = async (source: AsyncIterable<Uint8Array>): Promise<string> => {
    const chunks = [];
    for await (const chunk of source) chunks.push(chunk);
    return Buffer.concat(chunks).toString('latin1');
  };
  const evil = await bytes(tar(['l', { type: 'symlink', linkname: '/../..' }], ['l/out', {}, 'x']));
  const good = await bytes(tar(['f', {}, 'good'], ['f', {}, 'again']));
  const digest = 'a'.repeat(64);
  const members = await spoolTar(
    path,
    tar(
      ['evil/layer.tar', {}, evil],
      ['good/layer.tar', {}, good],
      ['broken/layer.tar', {}, good.slice(0, 1024) + 'x'.repeat(512)],
      [`blobs/sha256/${digest}`, {}, good],
      ['1/out', {}, 'a file'],
    ),
    { known: new Set([digest]) },
  );
  assert.deepEqual(readFileSync(join(path, '1/out'), 'utf8'), 'x');
  assert.deepEqual(readFileSync(join(path, '2/f'), 'utf8'), 'again');
  assert.deepEqual(members.get(`blobs/sha256/${digest}`), { known: digest });
  assert.deepEqual(members.get('broken/layer.tar'), { broken: 'archive/tar: invalid tar header' });
  assert.deepEqual(members.get('1/out'), { file: 5, size: 6 });
  assert.deepEqual(readdirSync(path).sort(), ['1', '1.tar-split', '2', '2.tar-split', '3.tar-split', '5']);
  assert.ok(!existsSync(join(work, 'out')) && !existsSync('/out'));
});

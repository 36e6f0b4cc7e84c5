import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { copyIn, joinArchive, spoolTar, TAR_TRAILER, tarHeader, unpackTar } from './index.ts';
import { FORMS, sparseMember } from './tar/testing.ts';

let work = '';
before(() => {
  work = mkdtempSync(join(tmpdir(), 'sparse-'));
});
after(() => rmSync(work, { recursive: true, force: true }));

let count = 0;
function folder(): string {
  count += 1;
  const path = join(work, `r${count}`);
  mkdirSync(path);
  return path;
}

/** 8 KiB at each offset. */
function file(path: string, size: number, offsets: readonly number[]): void {
  const fd = openSync(path, 'w');
  for (const [i, at] of offsets.entries()) writeSync(fd, Buffer.alloc(8192, i + 1), 0, 8192, at);
  ftruncateSync(fd, size);
  closeSync(fd);
}

async function* source(...parts: Buffer[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) for (let at = 0; at < part.length; at += 10_000) yield part.subarray(at, at + 10_000);
}

const GIB = 2 ** 30;
const archives = new Map<string, Buffer>();
const names = ['hole', 'empty', 'ends', 'many'];
before(() => {
  const from = folder();
  file(join(from, 'hole'), 3_000_000, []);
  file(join(from, 'empty'), 0, []);
  file(join(from, 'ends'), 9_000_001, [1_048_576]);
  file(
    join(from, 'many'),
    9_000_000,
    Array.from({ length: 60 }, (_, i) => i * 131_072),
  );
  for (const form of FORMS) {
    const options = form === 'gnu' ? ['--format=gnu'] : ['--format=posix', `--sparse-version=${form}`];
    archives.set(form, execFileSync('tar', ['-S', ...options, '-C', from, '-c', ...names]));
  }
});

/** Of 512 bytes, as stat counts: a file system writes its list of fragments later than these. */
const LIST = 16;

/** Size, blocks and content are as GNU tar's own. */
function same(path: string, archive: Buffer): void {
  const other = folder();
  execFileSync('tar', ['-x', '-C', other], { input: archive });
  for (const name of names) {
    const [mine, theirs] = [statSync(join(path, name)), statSync(join(other, name))];
    assert.equal(mine.size, theirs.size, name);
    assert.ok(Math.abs(mine.blocks - theirs.blocks) <= LIST, `${name}: ${mine.blocks} ${theirs.blocks}`);
    assert.ok(readFileSync(join(path, name)).equals(readFileSync(join(other, name))), name);
  }
}

test('files with holes are unpacked as GNU tar does, and their holes take no space', async () => {
  for (const archive of archives.values()) {
    const path = folder();
    const { size, sha256, manifest } = await unpackTar(path, source(archive), { whiteouts: 'overlay', manifest: true });
    assert.equal(size, 21_000_001);
    assert.equal(sha256, createHash('sha256').update(archive).digest('hex'));
    same(path, archive);
    assert.equal(statSync(join(path, 'hole')).blocks, 0);
    for (const name of names)
      assert.equal(
        manifest?.get(name)?.sha256,
        createHash('sha256')
          .update(readFileSync(join(path, name)))
          .digest('hex'),
      );
    const other = folder();
    const options = { path: '/', readOnlyRoot: false, mounts: [], keepTypes: false };
    await copyIn(other, source(archive), options);
    same(other, archive);
  }
});

test('an archive for load may have holes, in its layers too', async () => {
  const layer = archives.get('1.0') ?? Buffer.alloc(0);
  const from = folder();
  mkdirSync(join(from, 'x'));
  const aligned = Buffer.concat([layer, Buffer.alloc(102_400)]);
  const fd = openSync(join(from, 'x/layer.tar'), 'w');
  writeSync(fd, layer, 0);
  ftruncateSync(fd, aligned.length);
  closeSync(fd);
  file(join(from, 'json'), 300_000, [0]);
  for (const format of ['--format=gnu', '--format=posix']) {
    const archive = execFileSync('tar', ['-S', format, '-C', from, '-c', 'x/layer.tar', 'json']);
    assert.ok(archive.length < aligned.length, 'there are holes');
    const root = folder();
    const members = await spoolTar(root, source(archive), { known: new Set() });
    const found = members.get('x/layer.tar');
    assert.ok(found && 'layer' in found);
    assert.deepEqual(
      [found.sha256, found.length, found.size],
      [createHash('sha256').update(aligned).digest('hex'), aligned.length, 21_000_001],
    );
    same(join(root, String(found.layer)), layer);
    assert.deepEqual(members.get('json'), { file: 2, size: 300_000 });
    assert.ok(readFileSync(join(root, '2')).equals(readFileSync(join(from, 'json'))));
  }
});

test('fault T10: files with holes that are replaced, linked and removed leave an archive that can be given back', async () => {
  const plain = (name: string, text: string): Buffer[] => [
    tarHeader({ name, type: 'file', size: text.length }),
    Buffer.from(text.padEnd(512, '\0')),
  ];
  const link = (name: string, linkname: string): Buffer => tarHeader({ name, type: 'link', linkname });
  const { blocks, bsize } = statfsSync(work);
  // nobody waits for so many zeros
  const large = Math.floor((blocks * bsize) / 4);
  const holes = (name: string, size = large): Buffer =>
    sparseMember('gnu', { name, size, map: [size - 10, 4], stored: Buffer.from('abcd') });
  const archive = Buffer.concat([
    holes('a'),
    ...plain('a', 'first'),
    holes('a'),
    holes('a', 20),
    ...plain('b', 'second'),
    link('c', 'b'),
    holes('b'),
    link('d', 'b'),
    ...plain('b', 'third'),
    ...plain('d', 'fourth'),
    ...plain('c', 'fifth'),
    // the next file may get the inode of one that is gone
    sparseMember('gnu', { name: 'e', size: 0, map: [0, 0], stored: Buffer.alloc(0) }),
    ...plain('e', 'sixth'),
    ...plain('e', 'seventh'),
    TAR_TRAILER,
  ]);
  const path = folder();
  const tarSplit = join(work, 'seams');
  const fd = openSync(tarSplit, 'w+');
  try {
    const { size, sha256 } = await unpackTar(path, source(archive), { whiteouts: 'overlay' }, undefined, fd);
    assert.equal(size, 20 + 'third'.length + 'fourth'.length + 'fifth'.length + 'seventh'.length);
    assert.ok(statSync(tarSplit).size < 4096);
    const back: Buffer[] = [];
    const joined = joinArchive(path, fd);
    let step = await joined.next();
    for (; !step.done; step = await joined.next()) back.push(Buffer.from(step.value));
    assert.ok(Buffer.concat(back).equals(archive));
    assert.equal(step.value.sha256, sha256);
  } finally {
    closeSync(fd);
  }
  assert.equal(readFileSync(join(path, 'a'), 'latin1'), `${'\0'.repeat(10)}abcd${'\0'.repeat(6)}`);
});

test('fault T9: files with holes that claim more than the file system is large are refused', async () => {
  const { blocks, bsize } = statfsSync(work);
  const half = Math.ceil((blocks * bsize) / 2 / GIB + 1) * GIB;
  const member = (name: string, size: number): Buffer =>
    sparseMember('1.0', { name, size, map: [0, 4], stored: Buffer.from('abcd') });
  for (const members of [[member('a', 2 * half)], [member('a', half), member('b', half)], [member('a', 2 ** 52)]]) {
    const archive = [...members, TAR_TRAILER];
    await assert.rejects(unpackTar(folder(), source(...archive), { whiteouts: 'overlay' }), { code: 'ENOSPC' });
    await assert.rejects(spoolTar(folder(), source(...archive), { known: new Set() }), { code: 'ENOSPC' });
  }
});

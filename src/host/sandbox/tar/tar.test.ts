import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type TarEntry, TarError } from './entry.ts';
import { readerOf } from './listing.ts';
import type { TarReader } from './read.ts';
import { header, padding, sumUp, type TarFields, TRAILER } from './write.ts';

function archive(...entries: [TarFields, string?][]): Buffer {
  const parts = entries.flatMap(([fields, data = '']) => [
    header({ ...fields, size: data.length }),
    Buffer.from(data),
    Buffer.alloc(padding(data.length)),
  ]);
  return Buffer.concat([...parts, TRAILER]);
}

function all(reader: TarReader): { entry: TarEntry; data: string }[] {
  const found = [];
  for (let entry = reader.next(); entry; entry = reader.next()) {
    let data = '';
    for (let chunk = reader.data(); chunk; chunk = reader.data()) data += chunk.toString('latin1');
    found.push({ entry, data });
  }
  return found;
}

test('what is written is read, however the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record(
          {
            name: fc.stringMatching(/^[a-z\xe4\xff ]{1,200}$/),
            mode: fc.integer({ min: 0, max: 0o7777 }),
            uid: fc.integer({ min: 0, max: 0xfffffffe }),
            mtime: fc.integer({ min: -10, max: 1e10 }),
            data: fc.stringMatching(/^[a-z]{0,2000}$/),
          },
          { noNullPrototype: true },
        ),
        { maxLength: 5 },
      ),
      fc.integer({ min: 1, max: 3000 }),
      (files, step) => {
        const bytes = archive(
          ...files.map(({ data, ...fields }): [TarFields, string] => [{ ...fields, type: 'file' }, data]),
        );
        const found = all(readerOf(bytes, step));
        assert.deepEqual(
          found.map(({ entry, data }) => ({
            name: entry.name,
            mode: entry.mode,
            uid: entry.uid,
            mtime: entry.mtime,
            data,
          })),
          files,
        );
      },
    ),
    { numRuns: 100 },
  );
});

test('fault T8: a truncated or damaged archive is an error, not an end', () => {
  const good = archive([{ name: 'a', type: 'file' }, 'x'.repeat(600)]);
  assert.throws(() => all(readerOf(good.subarray(0, 900))), /unexpected EOF/);
  assert.throws(() => all(readerOf(good.subarray(0, 300))), /unexpected EOF/);
  const damaged = Buffer.from(good);
  damaged[0] = 0x7a;
  assert.throws(() => all(readerOf(damaged)), /invalid tar header/);
  assert.throws(() => all(readerOf(Buffer.from('root:x:0:0:root:/root:/bin/sh\n'.repeat(40)))), /invalid tar header/);
});

test('fault T8: huge, negative and odd fields are refused', () => {
  const withSize = (bytes: number[]): Buffer => {
    const block = header({ name: 'a', type: 'file' });
    Buffer.from(bytes).copy(block, 124);
    return sumUp(block);
  };
  assert.throws(() => all(readerOf(withSize([0xff, ...Array<number>(11).fill(0xff)]))), /invalid tar header/);
  assert.throws(() => all(readerOf(withSize([0x80, 0x7f, ...Array<number>(10).fill(0xff)]))), /invalid tar header/);
  const big = withSize([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x58]);
  assert.equal(readerOf(Buffer.concat([big, Buffer.alloc(1024)])).next()?.size, 600);
});

test('fault T8: PAX records with NUL in a name or wrong lengths are refused', () => {
  const pax = (body: string): Buffer => {
    const block = header({ name: 'p', type: 'file', size: body.length });
    block.write('x', 156);
    return Buffer.concat([
      sumUp(block),
      Buffer.from(body),
      Buffer.alloc(padding(body.length)),
      archive([{ name: 'f', type: 'file' }]),
    ]);
  };
  assert.equal(all(readerOf(pax('9 path=x\n')))[0]?.entry.name, 'x');
  for (const body of [
    '11 path=a\0b\n',
    '8 a\0b=x\n',
    '99 path=x\n',
    'x path=x\n',
    '8 path=x\n',
    '19 GNU.sparse.map=0\n',
  ]) {
    assert.throws(() => all(readerOf(pax(body))), /invalid tar header/, body);
  }
});

test('fault T8: an archive damaged anywhere gives entries or an error, and no more than came in', () => {
  const good = archive(
    [{ name: 'folder/', type: 'directory' }],
    [{ name: `long/${'n'.repeat(300)}`, type: 'file' }, 'x'.repeat(700)],
    [{ name: 'link', type: 'symlink', linkname: 'y'.repeat(200) }],
    [{ name: 'last', type: 'file' }, 'data'],
  );
  const damage = fc.array(fc.record({ at: fc.nat(good.length - 1), by: fc.nat(255) }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(damage, fc.nat(good.length), fc.boolean(), (changes, length, cut) => {
      const bytes = Buffer.from(cut ? good.subarray(0, length) : good);
      for (const { at, by } of changes) if (at < bytes.length) bytes[at] = by;
      // else nearly every change would be found by the sum alone
      for (let at = 0; at + 512 <= bytes.length; at += 512)
        if (bytes.toString('latin1', at + 257, at + 262) === 'ustar') sumUp(bytes.subarray(at, at + 512));
      try {
        const found = all(readerOf(bytes));
        assert.ok(found.reduce((sum, { data }) => sum + data.length, 0) <= bytes.length);
      } catch (error) {
        assert.ok(error instanceof TarError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

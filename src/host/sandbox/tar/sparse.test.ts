import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import * as fc from 'fast-check';
import { TarError } from './entry.ts';
import { readerOf } from './listing.ts';
import type { TarReader } from './read.ts';
import { FORMS, paxSparse, type Sparse, sparseMember } from './testing.ts';
import { header, sumUp, TRAILER } from './write.ts';

let work = '';
before(() => {
  work = mkdtempSync(join(tmpdir(), 'sparse-'));
});
after(() => rmSync(work, { recursive: true, force: true }));

interface Read {
  readonly name: string;
  readonly size: number;
  readonly stored: number | undefined;
  readonly content: Buffer;
  readonly holes: number;
}

/** With `pass`, holes are passed over; else they are read. Either way the content has zeros for them. */
function all(reader: TarReader, pass: boolean): Read[] {
  const found: Read[] = [];
  for (let entry = reader.next(); entry; entry = reader.next()) {
    const parts: Buffer[] = [];
    let holes = 0;
    for (;;) {
      const hole = pass ? reader.hole() : 0;
      holes += hole;
      parts.push(Buffer.alloc(hole));
      const chunk = reader.data();
      if (!chunk) break;
      parts.push(Buffer.from(chunk));
    }
    const { name, size, stored } = entry;
    found.push({ name, size, stored, content: Buffer.concat(parts), holes });
  }
  return found;
}

/** Offsets of 4 KiB of data each. */
function file(name: string, size: number, offsets: readonly number[]): string {
  const fd = openSync(join(work, name), 'w');
  for (const [i, at] of offsets.entries()) writeSync(fd, Buffer.alloc(4096, i + 1), 0, 4096, at);
  ftruncateSync(fd, size);
  closeSync(fd);
  return name;
}

const every = (count: number, step: number): number[] => Array.from({ length: count }, (_, i) => i * step);

test('what GNU tar writes of files with holes is read, in each form', () => {
  const long = `${'long-'.repeat(25)}name`;
  const names = [
    file('one-hole', 1_000_000, []),
    file('empty', 0, []),
    file('full', 4096, [0]),
    file('hole-first', 70_000, [65_536]),
    file('hole-last', 70_001, [0]),
    file(long, 500_000, [8192, 40_960, 131_072]),
    file('five', 200_000, every(5, 32_768)),
    file('thirty', 1_000_000, every(30, 32_768)),
    file('hundred', 4_000_000, every(100, 32_768)),
  ];
  for (const form of FORMS) {
    const options = form === 'gnu' ? ['--format=gnu'] : ['--format=posix', `--sparse-version=${form}`];
    const archive = execFileSync('tar', ['-S', ...options, '-C', work, '-c', ...names], { maxBuffer: 1e8 });
    assert.ok(archive.length < 1_000_000, form);
    for (const step of [700, 65_536])
      for (const pass of [true, false]) {
        const found = all(readerOf(archive, step), pass);
        assert.deepEqual(
          found.map(({ name }) => name),
          names,
        );
        for (const { name, size, stored, content, holes } of found) {
          const there = readFileSync(join(work, name));
          assert.ok(content.equals(there), `${form} ${name}`);
          assert.equal(size, there.length);
          const sparse = name !== 'empty' && name !== 'full';
          assert.equal(stored !== undefined, sparse, `${form} ${name}`);
          if (pass && sparse) assert.equal(holes, size - (stored ?? 0));
        }
      }
  }
});

/** Gaps and lengths in turn, a last gap, and the bytes. */
const sparse = fc
  .record({
    gaps: fc.array(fc.tuple(fc.nat(3000), fc.nat(900)), { maxLength: 60 }),
    last: fc.nat(3000),
    fill: fc.integer({ min: 1, max: 255 }),
  })
  .map(({ gaps, last, fill }) => {
    const map: number[] = [];
    let end = 0;
    let sum = 0;
    for (const [gap, length] of gaps) {
      map.push(end + gap, length);
      end += gap + length;
      sum += length;
    }
    const file: Sparse = { name: 'f', size: end + last, map, stored: Buffer.alloc(sum, fill) };
    const content = Buffer.alloc(file.size);
    for (let i = 0; i < map.length; i += 2) content.fill(fill, map[i], (map[i] ?? 0) + (map[i + 1] ?? 0));
    return { file, content };
  });

test('any map is read, however the bytes are cut, and all that the archive holds is raw', () => {
  fc.assert(
    fc.property(
      sparse,
      fc.constantFrom(...FORMS),
      fc.integer({ min: 1, max: 3000 }),
      fc.boolean(),
      ({ file: one, content }, form, step, pass) => {
        const bytes = Buffer.concat([sparseMember(form, one), sparseMember(form, { ...one, name: 'g' }), TRAILER]);
        const raw: Buffer[] = [];
        const reader = readerOf(bytes, step, (part) => raw.push(Buffer.from(part)));
        const found = all(reader, pass);
        reader.drain();
        // without a map there is no file with holes in PAX before 1.0
        const plain = one.map.length === 0 && (form === '0.0' || form === '0.1');
        assert.deepEqual(
          found.map(({ name }) => name),
          ['f', 'g'],
        );
        for (const read of found) assert.ok(read.content.equals(plain ? Buffer.alloc(0) : content));
        assert.ok(Buffer.concat(raw).equals(bytes));
      },
    ),
    { numRuns: 200 },
  );
});

const read = (...parts: Buffer[]): Read[] => all(readerOf(Buffer.concat([...parts, TRAILER]), 512), true);
const damaged = (changes: Partial<Sparse>): Sparse => ({
  name: 'f',
  size: 100,
  map: [10, 5, 50, 5],
  stored: Buffer.alloc(10, 1),
  ...changes,
});

test('fault T8: maps that no file can have are refused in each form', () => {
  const BIG = Number.MAX_SAFE_INTEGER;
  const cases: readonly [string, Partial<Sparse>, RegExp][] = [
    ['negative offset', { map: [-10, 5, 50, 5] }, /invalid tar header/],
    ['negative length', { map: [10, -5, 50, 15] }, /invalid tar header/],
    ['negative size', { size: -1, map: [0, 0], stored: Buffer.alloc(0) }, /invalid tar header/],
    ['overlap', { map: [10, 5, 14, 5] }, /invalid tar header/],
    ['out of order', { map: [50, 5, 10, 5] }, /invalid tar header/],
    ['behind the end', { map: [10, 5, 96, 5] }, /invalid tar header/],
    ['offset behind the end', { map: [10, 10, 101, 0] }, /invalid tar header/],
    ['overflow', { size: BIG, map: [10, 5, BIG, 5] }, /invalid tar header/],
    ['less stored', { stored: Buffer.alloc(9) }, /sparse file references non-existent data/],
    ['more stored', { stored: Buffer.alloc(11) }, /sparse file contains unreferenced data/],
  ];
  for (const form of FORMS) {
    assert.equal(read(sparseMember(form, damaged({})))[0]?.content.length, 100);
    for (const [what, changes, message] of cases)
      assert.throws(() => read(sparseMember(form, damaged(changes))), message, `${form}: ${what}`);
    const cut = sparseMember(form, damaged({}));
    assert.throws(() => all(readerOf(cut.subarray(0, cut.length - 505), 512), true), /unexpected EOF/, form);
  }
});

test('fault T8: maps of more than a mebibyte are refused', () => {
  const map = Array.from({ length: 600_000 }, () => 0);
  const many = damaged({ map, stored: Buffer.alloc(0) });
  for (const form of FORMS) assert.throws(() => read(sparseMember(form, many)), /too long/, form);
});

test('fault T8: what cannot be read as a map is refused', () => {
  const plain = header({ name: 'f', type: 'file', size: 0 });
  const content = (text: string): Buffer[] => {
    const body = Buffer.alloc(1024);
    body.write(text);
    return [paxSparse(['major', 1], ['minor', 0]), header({ name: 'f', type: 'file', size: 1024 }), body];
  };
  const cases: readonly [string, Buffer[], RegExp?][] = [
    ['no count', [paxSparse(['map', '0,0']), plain]],
    ['another count', [paxSparse(['numblocks', 2], ['map', '0,0']), plain]],
    ['an odd number', [paxSparse(['numblocks', 1], ['map', '0,0,0']), plain]],
    ['no numbers', [paxSparse(['numblocks', 1], ['map', 'a,b']), plain]],
    ['a number too large', [paxSparse(['numblocks', 1], ['map', '99999999999999999999,0']), plain]],
    ['a size too large', [paxSparse(['numblocks', 1], ['map', '0,0'], ['size', '9223372036854775808']), plain]],
    ['lengths first', [paxSparse(['numblocks', 1], ['numbytes', 0], ['offset', 0]), plain]],
    ['two offsets', [paxSparse(['numblocks', 1], ['offset', 0], ['offset', 0]), plain]],
    ['a comma in a number', [paxSparse(['numblocks', 1], ['offset', '0,0'], ['numbytes', 0]), plain]],
    ['a directory', [paxSparse(['numblocks', 1], ['map', '0,0']), header({ name: 'd', type: 'directory' })]],
    ['a negative count', content('-1\n')],
    ['no line', content('1')],
    ['a line that is too long', content('0'.repeat(1024))],
    ['no line end before the content ends', content(`1\n0\n${'0'.repeat(300)}`)],
    ['fewer lines than it says', content('1000\n0\n0\n')],
    ['less content than a block', [paxSparse(['major', 1], ['minor', 0]), plain], /unexpected EOF/],
  ];
  for (const [what, parts, message] of cases) assert.throws(() => read(...parts), message ?? TarError, what);
  const star = sparseMember('gnu', damaged({}));
  star.write('ustar\x0000', 257);
  star.write('tar\0', 508);
  sumUp(star.subarray(0, 512));
  assert.throws(() => read(star), /invalid tar header/);
});

test('a map of an unknown version is none, and a global one is nobody’s', () => {
  const plain = [header({ name: 'f', type: 'file', size: 2 }), Buffer.concat([Buffer.from('ab'), Buffer.alloc(510)])];
  const unknown = paxSparse(['major', 1], ['minor', 1], ['name', 'g'], ['realsize', 7]);
  const global = paxSparse(['numblocks', 1], ['map', '0,2'], ['size', 7]);
  global.write('g', 156);
  sumUp(global.subarray(0, 512));
  for (const before of [unknown, global])
    assert.deepEqual(read(before, ...plain), [
      { name: 'f', size: 2, stored: undefined, content: Buffer.from('ab'), holes: 0 },
    ]);
});

test('fault T8: an archive of files with holes, damaged anywhere, gives no more data than came in', () => {
  const one = damaged({
    size: 900,
    map: every(60, 7).map((value, i) => (i % 2 === 0 ? value : 5)),
    stored: Buffer.alloc(150),
  });
  const good = Buffer.concat([...FORMS.map((form) => sparseMember(form, one)), TRAILER]);
  const damage = fc.array(fc.record({ at: fc.nat(good.length - 1), by: fc.nat(255) }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(damage, (changes) => {
      const bytes = Buffer.from(good);
      for (const { at, by } of changes) bytes[at] = by;
      for (let at = 0; at < bytes.length; at += 512)
        if (bytes.toString('latin1', at + 257, at + 262) === 'ustar') sumUp(bytes.subarray(at, at + 512));
      try {
        const reader = readerOf(bytes, 512);
        let sum = 0;
        for (let entry = reader.next(); entry; entry = reader.next()) {
          let end = 0;
          for (let length = reader.hole(); ; length = reader.hole()) {
            const chunk = reader.data();
            sum += chunk?.length ?? 0;
            end += length + (chunk?.length ?? 0);
            if (!chunk) break;
          }
          assert.equal(end, entry.size);
        }
        assert.ok(sum <= bytes.length);
      } catch (error) {
        assert.ok(error instanceof TarError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

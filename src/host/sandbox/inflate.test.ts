import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { canInflateSync, Inflated } from './inflate.ts';

function inflate(bytes: Buffer, piece: number): Buffer {
  let at = 0;
  const inflated = new Inflated({
    next: () => (at >= bytes.length ? undefined : bytes.subarray(at, (at += piece))),
  });
  const out: Buffer[] = [];
  for (let chunk = inflated.next(); chunk; chunk = inflated.next()) out.push(Buffer.from(chunk));
  inflated.close();
  return Buffer.concat(out);
}

test('gzip in pieces of any size gives the bytes back', () => {
  assert.equal(canInflateSync(), true);
  for (const plain of [Buffer.alloc(0), Buffer.from('x'), Buffer.alloc(3_000_000, 'abc'), randomBytes(1_000_000)])
    for (const piece of [1000, 65_536, 10_000_000]) assert.ok(inflate(gzipSync(plain), piece).equals(plain));
  assert.equal(inflate(gzipSync(Buffer.from('hello')), 1).toString(), 'hello');
});

test('a version of Node that was not tried takes the stream', () => {
  for (const version of ['18.20.0', '25.1.0', '240.0.0', '']) assert.equal(canInflateSync(version), false, version);
});

test('users B15: members one after the other are one stream, empty ones among them', () => {
  const empty = gzipSync(Buffer.alloc(0));
  const bytes = Buffer.concat([
    empty,
    gzipSync(Buffer.from('one ')),
    empty,
    gzipSync(Buffer.alloc(600_000, 'y')),
    gzipSync(Buffer.from(' two')),
    empty,
    Buffer.alloc(5000),
  ]);
  for (const piece of [7, 1000, 10_000_000])
    assert.ok(inflate(bytes, piece).equals(Buffer.from(`one ${'y'.repeat(600_000)} two`)));
});

test('fault T9: a cut or changed stream is an error, zeros behind it are not', () => {
  const whole = gzipSync(randomBytes(100_000));
  assert.throws(() => inflate(whole.subarray(0, 50_000), 1000), /broken compressed archive: unexpected end of file/);
  assert.throws(() => inflate(whole.subarray(0, whole.length - 4), 1000), /broken compressed archive/);
  const changed = Buffer.from(whole);
  changed[60_000] = (changed[60_000] ?? 0) ^ 0xff;
  assert.throws(() => inflate(changed, 1000), /broken compressed archive/);
  assert.throws(() => inflate(Buffer.from('no gzip at all'), 1000), /broken compressed archive/);
  assert.equal(inflate(Buffer.concat([whole, Buffer.alloc(1000)]), 1000).length, 100_000);
});

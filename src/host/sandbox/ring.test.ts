import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteRing, RingAborted } from './ring.ts';

test('bytes come out as they went in, more of them than the ring holds', async () => {
  const ring = new ByteRing();
  const other = new ByteRing(ring.memory);
  const chunk = Buffer.alloc(300_001, 'abcdefg');
  const writing = (async () => {
    for (let at = 0; at < 20; at += 1) await ring.write(chunk);
    ring.close();
  })();
  const found = [];
  for await (const piece of other.read()) found.push(piece);
  await writing;
  assert.ok(Buffer.concat(found).equals(Buffer.concat(Array.from({ length: 20 }, () => chunk))));
});

test('both sides fail once it is aborted', async () => {
  const ring = new ByteRing();
  const reading = ring.read().next();
  ring.abort();
  await assert.rejects(reading, RingAborted);
  await assert.rejects(ring.write(Buffer.from('x')), RingAborted);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FRAME, FrameReader, frame, MAX_FRAME } from './build.ts';

test('frames come out as they went in, however they are cut', () => {
  const sent = [
    frame(FRAME.json, 0, '{"a":1}'),
    frame(FRAME.data, 7, Buffer.alloc(3000, 1)),
    frame(FRAME.end, 7),
    frame(FRAME.error, 0xffff_ffff, 'no'),
  ];
  const bytes = Buffer.concat(sent);
  for (const step of [1, 2, 5, 9, 10, 1000, bytes.length]) {
    const reader = new FrameReader();
    const got: string[] = [];
    for (let at = 0; at < bytes.length; at += step) {
      for (const { kind, channel, payload } of reader.add(bytes.subarray(at, at + step))) {
        got.push(`${kind} ${channel} ${payload.length > 99 ? payload.length : payload.toString()}`);
      }
    }
    assert.deepEqual(got, ['1 0 {"a":1}', '2 7 3000', '3 7 ', '4 4294967295 no'], `pieces of ${step}`);
  }
});

test('a frame that is too long is refused before it is there', () => {
  const head = Buffer.alloc(9);
  head.writeUInt32BE(MAX_FRAME + 1, 0);
  assert.throws(() => [...new FrameReader().add(head)], /too long/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Deframer, frame } from './frames.ts';

test('messages come out as they went in, wherever the stream is cut', () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
  fc.assert(
    fc.property(
      bodies,
      fc.array(fc.integer({ min: 1, max: 17 }), { minLength: 1, maxLength: 20 }),
      (messages, cuts) => {
        const whole = Buffer.concat(messages.map(frame));
        const deframer = new Deframer();
        const found: Buffer[] = [];
        for (let at = 0, turn = 0; at < whole.length; turn += 1) {
          const size = cuts[turn % cuts.length] ?? 1;
          for (const body of deframer.push(whole.subarray(at, at + size))) found.push(Buffer.from(body));
          at += size;
        }
        assert.deepEqual(
          found,
          messages.map((one) => Buffer.from(one)),
        );
        assert.ok(deframer.clean);
      },
    ),
  );
});

test('a message that is too large or compressed is refused by its head', () => {
  assert.throws(() => [...new Deframer().push(Buffer.from('00ffffffff', 'hex'))], /larger than max/);
  assert.throws(() => [...new Deframer().push(Buffer.from('0100000001ff', 'hex'))], /compressed/);
});

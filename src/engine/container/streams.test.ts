import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Console } from '../../runtime/index.ts';
import { Attachment, DEFAULT_DETACH_KEYS, EscapeMatcher, parseDetachKeys } from './streams.ts';

function typed(keys: readonly number[], pieces: readonly string[]): { passed: string; detached: boolean } {
  const matcher = new EscapeMatcher(keys);
  let passed = '';
  for (const piece of pieces) {
    const { pass, detached } = matcher.feed(Buffer.from(piece, 'latin1'));
    passed += pass.toString('latin1');
    if (detached) return { passed, detached: true };
  }
  return { passed, detached: false };
}

test('the detach keys are found, also in pieces, and are not passed on', () => {
  assert.deepEqual(typed(DEFAULT_DETACH_KEYS, ['ab\x10\x11cd']), { passed: 'ab', detached: true });
  assert.deepEqual(typed(DEFAULT_DETACH_KEYS, ['ab\x10', '\x11']), { passed: 'ab', detached: true });
});

test('a beginning that comes to nothing is passed on', () => {
  assert.deepEqual(typed(DEFAULT_DETACH_KEYS, ['a\x10b']), { passed: 'a\x10b', detached: false });
  assert.deepEqual(typed(DEFAULT_DETACH_KEYS, ['\x10\x10\x11']), { passed: '\x10', detached: true });
});

test('without the sequence every byte comes through, however it is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\x10') })), (pieces) => {
      const { passed, detached } = typed([16, 17], pieces);
      const whole = pieces.join('');
      // what is held back at the end is a beginning of the sequence
      assert.equal(detached, false);
      assert.ok(whole === passed || whole === `${passed}\x10`);
    }),
  );
});

test('keys as people write them', () => {
  assert.deepEqual(parseDetachKeys(undefined), [16, 17]);
  assert.deepEqual(parseDetachKeys('ctrl-a,x,ctrl-['), [1, 120, 27]);
  assert.deepEqual(parseDetachKeys('ctrl-@,DEL'), [0, 127]);
  assert.throws(() => parseDetachKeys('ctrl-€'), /Invalid detach keys \(ctrl-€\) provided/);
  assert.throws(() => parseDetachKeys('ctrl-A,a'), /Invalid detach keys \(ctrl-A,a\) provided/);
  assert.throws(() => parseDetachKeys('ab'), /Invalid detach keys/);
});

test('letting go leaves the connection open: its owner closes it when the process runs', async () => {
  const input = new PassThrough();
  const letGo = Promise.withResolvers<void>();
  const attachment = new Attachment(
    {
      write: () => true,
      drained: () => Promise.resolve(),
      end: () => undefined,
      input,
      closed: new Promise(() => undefined),
    },
    {
      stdin: true,
      stdout: true,
      stderr: false,
      closeStdin: false,
      detachKeys: DEFAULT_DETACH_KEYS,
      onDetach: letGo.resolve,
    },
  );
  attachment.connect({ watch: () => () => undefined, write: () => Promise.resolve() } as unknown as Console);
  input.write('\x10\x11');
  await letGo.promise;
  await attachment.done;
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(input.destroyed, false);
});

test('the end is told when the exit code is known', async () => {
  const known = Promise.withResolvers<void>();
  let ended = false;
  const attachment = new Attachment(
    {
      write: () => true,
      drained: () => Promise.resolve(),
      end: () => {
        ended = true;
      },
      input: undefined,
      closed: new Promise(() => undefined),
    },
    {
      stdin: false,
      stdout: true,
      stderr: true,
      closeStdin: false,
      detachKeys: [],
      onDetach: () => undefined,
      endsAfter: () => known.promise,
    },
  );
  attachment.end();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ended, false);
  known.resolve();
  await attachment.done;
  assert.equal(ended, true);
});

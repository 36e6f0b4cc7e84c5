import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitWords } from './index.ts';

test('a command line is split at blanks, with quotes and backslashes, up to what a shell would act on', () => {
  for (const [line, words] of [
    ['a "b c" \'d e\' f\\ g', ['a', 'b c', 'd e', 'f g']],
    ['a "" b', ['a', '', 'b']],
    ['a | b', ['a']],
    ['$(x y) z', ['$(x y)', 'z']],
    ['`x y`', ['`x y`']],
    ['', []],
  ] as const)
    assert.deepEqual(splitWords(line), words, line);
  for (const line of ['a "b', 'a \\', '(a)'])
    assert.throws(() => splitWords(line), /invalid command line string/, line);
});

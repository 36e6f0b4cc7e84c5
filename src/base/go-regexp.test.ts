import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goRegExp, MAX_EXPRESSION_CHARACTERS } from './go-regexp.ts';

test('expressions are read as Go reads them', () => {
  const cases: readonly (readonly [pattern: string, text: string, wanted: boolean | undefined])[] = [
    ['', 'web', true],
    ['eb', 'web', true],
    ['^/?web$', '/web', true],
    ['^web$', 'web-1', false],
    ['^(?i)WEB', 'web', true],
    ['\\Aweb-[[:digit:]]+\\z', 'web-12', true],
    ['w.b|c', 'abc', true],
    ['\\pL', 'ö', true],
    ['web(?!x)', 'web', undefined],
    ['(web)\\1', 'webweb', undefined],
    ['[', '[', undefined],
    ['*', '*', undefined],
    ['a{1001}', 'a', undefined],
    ['.'.repeat(MAX_EXPRESSION_CHARACTERS + 1), 'a', undefined],
  ];
  for (const [pattern, text, wanted] of cases) assert.equal(goRegExp(pattern)?.(text), wanted, pattern);
});

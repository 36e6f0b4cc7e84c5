import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Glob, type GlobToken } from './glob.ts';

const isAB = (codePoint: number): boolean => codePoint === 0x61 || codePoint === 0x62;
const TOKENS: Readonly<Record<string, GlobToken>> = {
  a: { kind: 'text', text: 'a' },
  b: { kind: 'text', text: 'b' },
  '/': { kind: 'text', text: '/' },
  '😀': { kind: 'text', text: '😀' },
  '*': { kind: 'star' },
  '?': { kind: 'one' },
  '[ab]': { kind: 'class', has: isAB },
  '[^ab]': { kind: 'class', has: (codePoint) => !isAB(codePoint) },
  '**': { kind: 'deep' },
  '**/': { kind: 'parts' },
};
const SOURCES: Readonly<Record<string, string>> = {
  '*': '[^/]*',
  '?': '[^/]',
  '**': '.*',
  '**/': '(?:.*/)?',
};
const names = fc.array(fc.constantFrom(...Object.keys(TOKENS)), { maxLength: 8 });
const flat = names.map((all) => all.filter((name) => !['**', '**/', '[^ab]'].includes(name)));
const text = fc.array(fc.constantFrom('a', 'b', '/', 'x', '😀'), { maxLength: 10 }).map((all) => all.join(''));
const globOf = (all: readonly string[]): Glob =>
  new Glob(
    all.map((name) => TOKENS[name] as GlobToken),
    '/',
  );
const sourceOf = (all: readonly string[]): string => all.map((name) => SOURCES[name] ?? name).join('');

test('a whole text matches as by an expression of the same meaning', () => {
  fc.assert(
    fc.property(names, text, (all, given) => {
      assert.equal(globOf(all).matches(given), new RegExp(`^${sourceOf(all)}$`, 'su').test(given));
    }),
    { numRuns: 5000 },
  );
});

test('beginnings and places are found as by an expression of the same meaning', () => {
  fc.assert(
    fc.property(flat, text, fc.boolean(), (all, given, longest) => {
      const source = longest ? sourceOf(all) : sourceOf(all).replaceAll('*', '*?');
      assert.equal(globOf(all).prefix(given, longest), new RegExp(`^${source}`, 'u').exec(given)?.[0].length);
      const match = new RegExp(sourceOf(all), 'u').exec(given);
      const wanted = match ? { start: match.index, end: match.index + match[0].length } : undefined;
      assert.deepEqual(globOf(all).find(given, 0), wanted);
    }),
    { numRuns: 5000 },
  );
});

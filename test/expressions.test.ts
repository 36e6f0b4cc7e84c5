// No regular expression of src/ can be led into backtracking: none is made of foreign text, and every literal is linear.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { parseSync, Visitor } from 'oxc-parser';
import { analyse } from 'scslre';

const root = join(import.meta.dirname, '..');

/** Files that make an expression of text, how many, and why nobody foreign has a part in that text. */
const MADE: Readonly<Record<string, { readonly count: number; readonly of: string }>> = {
  'images/reference/index.ts': { count: 2, of: 'parts of the grammar of references, constants of the file' },
  'network/firewall/accept.ts': { count: 1, of: 'the names of two directions' },
  'api/router.ts': { count: 1, of: 'the table of routes' },
  'client/config/contexts.ts': { count: 1, of: 'a constant that the message shows too' },
  'spec/docker/shorthand/reference.ts': { count: 1, of: 'parts of the grammar of references, constants of the file' },
  'builder/ops/emulators.ts': { count: 1, of: 'the names of the fields of binfmt_misc' },
  'builder/dockerfile/syntax/split-words.ts': { count: 1, of: 'a constant expression with another flag' },
  'builder/dockerfile/syntax/space.ts': { count: 1, of: 'a constant' },
  'host/forward-filter.ts': { count: 2, of: 'the mark of an instance, letters and digits of our own' },
  'host/abilities.ts': { count: 1, of: 'the titles of lines of /proc/self/limits' },
};

/** Literals that are not linear, and why nobody foreign writes what they read. `file /source/flags`. */
const SLOW: Readonly<Record<string, string>> = {
  'images/bootstrap/busybox.ts /^([^:]+):.*$/gm': 'reads a constant of the file',
  'engine/verbs/stats.ts /^cpu +(.*)$/m': 'reads /proc/stat of the host',
};

interface Found {
  readonly file: string;
  readonly line: number;
  readonly literal?: { readonly pattern: string; readonly flags: string };
}

/** The expressions of a source: its literals, and its calls of RegExp. */
function expressionsOf(file: string, text: string): Found[] {
  const found: Found[] = [];
  const lineAt = (at: number): number => text.slice(0, at).split('\n').length;
  const call = ({ callee, start }: { callee: unknown; start: number }): void => {
    const { type, name } = callee as { type: string; name?: string };
    if (type === 'Identifier' && name === 'RegExp') found.push({ file, line: lineAt(start) });
  };
  new Visitor({
    Literal(node) {
      if ('regex' in node) found.push({ file, line: lineAt(node.start), literal: node.regex });
    },
    NewExpression: call,
    CallExpression: call,
  }).visit(parseSync(file, text).program);
  return found;
}

const isSlow = ({ pattern, flags }: { pattern: string; flags: string }): boolean =>
  analyse({ source: pattern, flags }).reports.length > 0;

const sources = globSync('src/**/*.ts', { cwd: root }).filter((path) => !/(\.test|\/testing)\.ts$/.test(path));
const all = sources.flatMap((path) => expressionsOf(relative('src', path), readFileSync(join(root, path), 'utf8')));

test('safety H3: regular expressions are made of text only where the table says of which', () => {
  const counts: Record<string, number> = {};
  for (const { file, literal } of all) if (!literal) counts[file] = (counts[file] ?? 0) + 1;
  const wanted = Object.fromEntries(Object.entries(MADE).map(([file, { count }]) => [file, count]));
  assert.deepEqual(counts, wanted, 'foreign patterns are matched by base/glob.ts or base/go-regexp.ts');
});

test('safety H3: no literal takes time that grows faster than the text', () => {
  const slow = all.flatMap(({ file, line, literal }) =>
    literal && isSlow(literal) ? [{ name: `${file} /${literal.pattern}/${literal.flags}`, line }] : [],
  );
  const problems = slow
    .filter(({ name }) => !Object.hasOwn(SLOW, name))
    .map(({ name, line }) => `${name} (line ${line}): take the text apart by index, as base/ends.ts does`);
  const names = new Set(slow.map(({ name }) => name));
  const gone = Object.keys(SLOW).filter((name) => !names.has(name));
  assert.deepEqual([...problems, ...gone.map((name) => `${name} is gone: take it out of SLOW`)], []);
});

test('the rule sees what it is there for', () => {
  const text = 'new RegExp(given); RegExp(given); /x/.test(given); globalThis.x = /a+$/g;';
  const found = expressionsOf('x.ts', text);
  assert.equal(found.filter(({ literal }) => !literal).length, 2);
  const literals = found.flatMap(({ literal }) => (literal ? [literal] : []));
  assert.deepEqual(
    literals.map(({ pattern }) => pattern),
    ['x', 'a+$'],
  );
  assert.deepEqual(literals.map(isSlow), [false, true]);
  for (const source of ['(a+)+$', 'a*a*b', '<([^>]+)>;', '\\s+$', '^(.*?)"?\\s*$'])
    assert.ok(isSlow({ pattern: source, flags: '' }), source);
});

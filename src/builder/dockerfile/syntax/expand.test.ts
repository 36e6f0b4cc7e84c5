import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MAX_PATTERN_CHARACTERS, MAX_PATTERN_WILDCARDS } from './glob.ts';
import { Budget, MAX_DEPTH, MAX_EXPANDED_CHARACTERS } from './expand.ts';
import { expand, Failure } from '../index.ts';

const NAMES = new Map([
  ['dir', '/srv/app'],
  ['file', 'archive.tar.gz'],
  ['empty', ''],
  ['spaced', ' one  two '],
]);

/** `word -> text`, or `word -> ! message`. */
const CASES = `
plain -> plain
$dir/x -> /srv/app/x
\${dir}x -> /srv/appx
$dirx! -> !
\\$dir -> $dir
'$dir' -> $dir
"$dir" -> /srv/app
a"b 'c' $dir"d -> ab 'c' /srv/appd
\${unset:-fallback} -> fallback
\${empty:-fallback} -> fallback
\${empty-fallback} -> 
\${unset-fallback} -> fallback
\${unset:-\${empty:-$dir}} -> /srv/app
\${dir:+there} -> there
\${empty:+there} -> 
\${empty+there} -> there
\${unset+there} -> 
\${dir:?needed} -> /srv/app
\${empty:?needed} -> ! failed to process "\${empty:?needed}": empty: needed
\${empty?needed} -> 
\${empty:?} -> ! failed to process "\${empty:?}": empty: is not allowed to be empty
\${unset?} -> ! failed to process "\${unset?}": unset: is not allowed to be unset
\${file#*.} -> tar.gz
\${file##*.} -> gz
\${file%.*} -> archive.tar
\${file%%.*} -> archive
\${file#?r} -> chive.tar.gz
\${file/ar/AR} -> ARchive.tar.gz
\${file//ar/AR} -> ARchive.tAR.gz
\${dir//\\//-} -> -srv-app
\${dir/\\/srv/} -> /app
\${dir~x} -> ! failed to process "\${dir~x}": unsupported modifier (~) in substitution
\${dir:#x} -> ! failed to process "\${dir:#x}": unsupported modifier (:#) in substitution
\${dir -> ! failed to process "\${dir": unsupported modifier () in substitution
\${dir:-x -> ! failed to process "\${dir:-x": syntax error: missing '}'
\${ -> ! failed to process "\${": syntax error: missing '}'
\${} -> ! failed to process "\${}": syntax error: bad substitution
'open -> ! failed to process "'open": unexpected end of statement while looking for matching single-quote
"open -> ! failed to process "\\"open": unexpected end of statement while looking for matching double-quote
$1$@$* -> 
trailing\\ -> trailing
`;

test('a word is expanded as the shell would', () => {
  for (const line of CASES.split('\n').filter((text) => text !== '')) {
    const [word = '', wanted = ''] = line.split(' -> ');
    let got: string;
    try {
      got = expand(word, NAMES).text;
    } catch (error) {
      assert.ok(error instanceof Failure);
      got = `! ${error.message}`;
    }
    assert.equal(got, wanted, word);
  }
});

test('white space of a value divides words where it is not quoted', () => {
  assert.deepEqual(expand('a${spaced}b', NAMES).words, ['a', 'one', 'two', 'b']);
  assert.deepEqual(expand('a"${spaced}"b c', NAMES).words, ['a one  two b', 'c']);
});

test('names are told apart by whether they were there', () => {
  const { used, missing } = expand('$dir ${nobody:-$nothing}', NAMES);
  assert.deepEqual([[...used], [...missing]], [['dir'], ['nothing', 'nobody']]);
});

test('the backquote can be the escape character', () => {
  assert.equal(expand('C:\\dir `$dir', NAMES, '`').text, 'C:\\dir $dir');
});

test('options keep what a history shows', () => {
  assert.equal(
    expand('"$dir" $nobody ${nobody:-x}', NAMES, '\\', { keepQuotes: true, keepUnset: true }).text,
    '"/srv/app" $nobody ${nobody:-x}',
  );
  assert.equal(expand("it's $dir", NAMES, '\\', { ignoreQuotes: true }).text, "it's /srv/app");
});

const FILE = join(import.meta.dirname, '../../../../../shared/inventory/dockerfile-var-cases.tsv');

test('every case of the inventory', { skip: !existsSync(FILE) }, () => {
  const base = [
    ['PWD', '/home'],
    ['SHELL', 'bash'],
    ['KOREAN', '한국어'],
    ['NULL', ''],
  ] as const;
  const words = new Map<string, string>(base);
  const wrong: string[] = [];
  for (const line of readFileSync(FILE, 'utf8').split('\n').slice(1)) {
    const [kind = '', platform, input = '', wanted = ''] = line.split('\t');
    // Variables of Windows do not mind the case.
    if (platform === 'W' || kind === '') continue;
    if (kind === 'words-env') {
      const at = input.indexOf('=');
      words.set(input.slice(0, at), input.slice(at + 1));
      continue;
    }
    let got: string;
    try {
      const expanded = expand(input, kind === 'word' ? new Map(base) : words);
      got = kind === 'word' ? expanded.text : expanded.words.join(',').trimEnd();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      got = 'error';
    }
    if (got !== wanted && !(wanted === 'error' && got.startsWith('error')))
      wrong.push(`${input} -> ${got}, not ${wanted}`);
  }
  assert.deepEqual(wrong, []);
});

test('safety H3: patterns with many stars take no more time than others, and are bounded', () => {
  const long = new Map([['a', 'a'.repeat(10_000)]]);
  const stars = `${'*a'.repeat(30)}b`;
  for (const form of ['//', '/', '#', '##', '%', '%%']) {
    const word = `\${a${form}${stars}${form.startsWith('/') ? '/x' : ''}}`;
    const start = performance.now();
    assert.equal(expand(word, long).text, long.get('a'));
    assert.ok(performance.now() - start < 500, form);
  }
  const refused = (pattern: string): void =>
    assert.throws(() => expand(`\${a//${pattern}/x}`, long), {
      message: /pattern in substitution (is longer|has more) than/,
    });
  refused('a'.repeat(MAX_PATTERN_CHARACTERS + 1));
  refused('*'.repeat(MAX_PATTERN_WILDCARDS + 1));
});

test('a replacement is made as often as Go makes it', () => {
  const of = (word: string): string => expand(word, new Map([['a', 'abc']])).text;
  assert.deepEqual(['${a//*/x}', '${a//b/x}', '${a//?/x}', '${a/*/x}'].map(of), ['x', 'axc', 'xxx', 'x']);
});

test('substitutions are bounded in depth and in what they become', () => {
  const nested = (depth: number): string => `${'${x:-'.repeat(depth)}a${'}'.repeat(depth)}`;
  assert.equal(expand(nested(MAX_DEPTH), new Map()).text, 'a');
  assert.throws(() => expand(nested(MAX_DEPTH + 1), new Map()), /nested more than/);
  assert.throws(
    () => expand('$a$a', new Map([['a', 'a'.repeat(MAX_EXPANDED_CHARACTERS - 1)]])),
    /expands to more than/,
  );
});

test('safety H3: short words that would become long are refused, each and all together', () => {
  const spent = (run: () => void): number => {
    const start = process.threadCpuUsage();
    run();
    const { user, system } = process.threadCpuUsage(start);
    return (user + system) / 1000;
  };
  const variables = new Map([['a', 'x'.repeat(100_000)]]);
  const long = spent(() => assert.throws(() => expand('${a//?/$a}', variables), /expands to more than 1048576/));
  assert.ok(long < 500, `${long} ms`);
  // 42 characters that become 300,000
  const word = '${b///\\}${b///\\}${b///\\}${b///y:+"x y"}}}}';
  const budget = new Budget();
  const all = spent(() =>
    assert.throws(() => {
      for (let times = 0; times < 1000; times += 1)
        expand(word, new Map([['b', 'aaaa/bbbb.tar.gz']]), '\\', { budget });
    }, /the words and variables of the Dockerfile come to more than 8388608/),
  );
  assert.ok(all < 3000, `${all} ms`);
  const other = new Budget();
  // what is looked at counts, not only what becomes of it
  assert.throws(() => {
    for (let times = 0; times < 10; times += 1) expand(`\${a#${'?'.repeat(200)}z}`, variables, '\\', { budget: other });
  }, /the words and variables/);
});

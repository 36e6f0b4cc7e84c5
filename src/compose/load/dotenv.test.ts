// The grammar of `.env` and env_file.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEnv, parseRawEnv } from './dotenv.ts';

const OUTER: Readonly<Record<string, string>> = { OUT: 'outer' };
const lookup = (name: string): string | undefined => OUTER[name];

function read(text: string): Record<string, string> {
  const found = new Map<string, string>();
  parseEnv(text, found, { lookup });
  return Object.fromEntries(found);
}

test('names and values are read with quotes, comments and escapes', () => {
  assert.deepEqual(
    read(`# first
A=plain value  # comment
B=va#lue
C="quoted # \\t\\"x\\" \\$OUT"
D='literal $OUT \\n'
export E = spaced
F: yaml
G=
H="two
lines"
I=\\n stays
OUT
NONE
`),
    {
      A: 'plain value',
      B: 'va#lue',
      C: 'quoted # \t"x" $OUT',
      D: 'literal $OUT \\n',
      E: 'spaced',
      F: 'yaml',
      G: '',
      H: 'two\nlines',
      I: '\\n stays',
      OUT: 'outer',
    },
  );
});

test('values see what came before them, the environment first', () => {
  assert.deepEqual(read('A=1\nB=${A}-${OUT}-${C:-none}\nC=3\nOUT=mine\nD=$OUT\n'), {
    A: '1',
    B: '1-outer-none',
    C: '3',
    OUT: 'mine',
    D: 'outer',
  });
});

test('faults name their line', () => {
  for (const [text, message] of [
    ['A=1\nB C=2', 'line 2: key cannot contain a space'],
    ['A=1\nB="open', 'line 2: unterminated quoted value "open'],
    ['A!=1', 'line 1: unexpected character "!" in variable name "A!=1"'],
  ] as const)
    assert.throws(() => read(text), { message }, text);
});

test('a raw file keeps quotes and dollars', () => {
  const found = new Map<string, string>();
  parseRawEnv('A="x" # y\n# comment\n\n  B=$OUT\nOUT\nNONE\n', found, lookup);
  assert.deepEqual(Object.fromEntries(found), { A: '"x" # y', B: '$OUT', OUT: 'outer' });
  assert.throws(() => parseRawEnv('A B=1', new Map(), lookup), { message: "variable 'A B' contains whitespaces" });
});

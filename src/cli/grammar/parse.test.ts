import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { flag, parseFlags } from './index.ts';

const flags = {
  all: flag.bool('a', 'All'),
  pause: flag.bool('p', 'Pause', true),
  name: flag.string('n', 'Name'),
  time: flag.int('t', 'Time', 10),
  env: flag.list('e', 'Env'),
  opt: flag.map('o', 'Options'),
  filter: flag.filter('f', 'Filter'),
  subnet: flag.strings('', 'Subnets'),
  memory: flag.bytes('m', 'Memory'),
  net: flag.list('', 'Old', undefined, { aliasOf: 'env', deprecated: 'use --env instead' }),
};

/** What argv gives, as a line of text. */
function said(argv: readonly string[], flagsFirst = false): string {
  const seen = parseFlags(flags, argv, { flagsFirst });
  if (seen.error !== undefined) return seen.error;
  const changed = [...seen.changed].map((name) => {
    const value = seen.values.get(name);
    return `${name}=${value instanceof Map ? JSON.stringify([...(value as Map<string, unknown>)]) : JSON.stringify(value)}`;
  });
  return `${[...changed, ...seen.args].join(' ')}${seen.help ? ' help' : ''}`;
}

const cases: readonly (readonly [string, string])[] = [
  ['--name=x --time 3', 'name="x" time=3'],
  ['-nx -t3', 'name="x" time=3'],
  ['-n=x -n y', 'name="y"'],
  ['-an x', 'all=true name="x"'],
  ['-a=false', 'all=false'],
  ['--pause=false', 'pause=false'],
  ['--pause false', 'pause=true false'],
  ['-e a -e b=c', 'env=["a","b=c"]'],
  ['-o a=1 -o b', 'opt=[["a","1"],["b",""]]'],
  ['-f Label=x -f label=y', 'filter=[["label",["x","y"]]]'],
  ['--subnet a,b --subnet c', 'subnet=["a","b","c"]'],
  ['-m 1k', 'memory=1024'],
  ['x --all y', 'all=true x y'],
  ['x -- --all', 'x --all'],
  ['- -a', 'all=true -'],
  ['--help', ' help'],
  ['-h', ' help'],
  ['--net x', 'net=[] env=["x"]'],
  ['--foo', 'unknown flag: --foo'],
  ['-ax', "unknown shorthand flag: 'x' in -x"],
  ['--=x', 'bad flag syntax: --=x'],
  ['--name', 'flag needs an argument: --name'],
  ['-an', "flag needs an argument: 'n' in -n"],
  ['-t x', 'invalid argument "x" for "-t, --time" flag: strconv.ParseInt: parsing "x": invalid syntax'],
  ['--all=maybe', 'invalid argument "maybe" for "-a, --all" flag: strconv.ParseBool: parsing "maybe": invalid syntax'],
  ['-f x', 'invalid argument "x" for "-f, --filter" flag: bad format of filter (expected name=value)'],
  ['-m 10x', 'invalid argument "10x" for "-m, --memory" flag: invalid suffix: \'x\''],
];

for (const [line, want] of cases) {
  test(`parses ${line}`, () => assert.equal(said(line.split(' ')), want));
}

test('flags end at the first argument where a command says so', () => {
  assert.equal(said(['-a', 'image', '-n', 'x'], true), 'all=true image -n x');
});

test('an older name is noted and kept under the newer one', () => {
  assert.deepEqual(parseFlags(flags, ['--net', 'x']).notes, ['Flag --net has been deprecated, use --env instead']);
});

test('any list of words is parsed or refused, never lost', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      const seen = parseFlags(flags, ['--', ...words]);
      assert.deepEqual(seen.args, words);
    }),
  );
});

test('a value survives both ways of writing it', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.equal(parseFlags(flags, [`--name=${text}`]).values.get('name'), text);
      assert.equal(parseFlags(flags, ['--name', text]).values.get('name'), text);
    }),
  );
});

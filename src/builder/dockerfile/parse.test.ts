import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  automaticArgs,
  BUILTIN_ARGS,
  expandInstruction,
  globalScope,
  guess,
  heredocText,
  type Instruction,
  parseDockerfile,
  parseTrigger,
  platformText,
  PROXY_ARGS,
  stageArg,
  syntaxOf,
  withGuess,
} from './index.ts';
import { MAX_INSTRUCTION_CHARACTERS, MAX_INSTRUCTIONS } from './lines.ts';
import { MAX_STAGES } from './parse.ts';
import { dump } from './testing.ts';

const data = join(import.meta.dirname, 'testdata');

test('every file of testdata is understood as its golden text says', () => {
  const files = globSync('*.dockerfile', { cwd: data }).toSorted();
  assert.ok(files.length > 0);
  for (const file of files) {
    const text = dump(parseDockerfile(readFileSync(join(data, file))));
    const golden = join(data, `${file}.txt`);
    if (process.env.UPDATE_GOLDEN) writeFileSync(golden, text);
    assert.equal(text, readFileSync(golden, 'utf8'), file);
  }
});

/** A Dockerfile and the first thing that Docker says about it. */
const ERRORS: readonly (readonly [string, string])[] = [
  ['', 'file with no instructions'],
  ['# only a comment', 'file with no instructions'],
  ['RUN true', 'no build stage in current context'],
  ['FRM a', 'dockerfile parse error on line 1: unknown instruction: FRM (did you mean FROM?)'],
  ['\n\nFROM a\nrunn x', 'dockerfile parse error on line 4: unknown instruction: runn (did you mean run?)'],
  ['FROM a b', 'dockerfile parse error on line 1: FROM requires either one or three arguments'],
  [
    'FROM a AS 1x',
    `dockerfile parse error on line 1: invalid name for build stage: "1x", name can't start with a number or contain symbols`,
  ],
  [
    'FROM a\nCOPY a',
    'dockerfile parse error on line 2: COPY requires at least two arguments, but only one was provided. Destination could not be determined',
  ],
  ['FROM a\nCOPY --chwon=1 a b', 'dockerfile parse error on line 2: unknown flag: --chwon (did you mean chown?)'],
  [
    'FROM a\nCOPY --link=maybe a b',
    'dockerfile parse error on line 2: expecting boolean value for flag --link, not: maybe',
  ],
  ['FROM a\nCOPY --from a b', 'dockerfile parse error on line 2: missing a value on flag: --from'],
  ['FROM a\nCOPY --from=x --from=y a b', 'dockerfile parse error on line 2: duplicate flag specified: --from'],
  ['FROM a\nCOPY a <<EOF\nEOF', 'dockerfile parse error on line 2: COPY cannot accept a heredoc as a destination'],
  ['FROM a\nRUN <<EOF\ntext', 'unterminated heredoc'],
  ['FROM a\nRUN --network=some true', 'dockerfile parse error on line 2: invalid network mode "some"'],
  ['FROM a\nRUN --security=some true', 'dockerfile parse error on line 2: security "some" is not valid'],
  [
    `FROM a\nRUN --mount='target="a' true`,
    'dockerfile parse error on line 2: failed to parse csv mounts: parse error on line 1, column 8: bare " in non-quoted-field',
  ],
  [
    'FROM a\nRUN --mount=from=$x,target=/y true',
    "dockerfile parse error on line 2: 'from' doesn't support variable expansion, define alias stage instead",
  ],
  ['FROM a\nENV a', 'ENV must have two arguments'],
  ['FROM a\nENV a=b c', `Syntax error - can't find = in "c". Must be of the form: name=value`],
  ['FROM a\nENV =b', 'dockerfile parse error on line 2: ENV names can not be blank'],
  ['FROM a\nLABEL', 'dockerfile parse error on line 2: LABEL requires at least one argument'],
  ['FROM a\nUSER', 'dockerfile parse error on line 2: USER requires exactly one argument'],
  ['FROM a\nSHELL sh -c', 'dockerfile parse error on line 2: SHELL requires the arguments to be in JSON form'],
  ['FROM a\nCMD ["a", 1]', 'when using JSON array syntax, arrays must be comprised of strings only'],
  ['FROM a\nVOLUME [""]', 'dockerfile parse error on line 2: VOLUME specified can not be an empty string'],
  [
    'FROM a\nONBUILD ONBUILD RUN a',
    "dockerfile parse error on line 2: Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
  ],
  ['FROM a\nONBUILD from b', "dockerfile parse error on line 2: FROM isn't allowed as an ONBUILD trigger"],
  ['FROM a\nHEALTHCHECK WHAT', 'dockerfile parse error on line 2: Unknown type "WHAT" in HEALTHCHECK (try CMD)'],
  ['FROM a\nHEALTHCHECK NONE x', 'dockerfile parse error on line 2: HEALTHCHECK NONE takes no arguments'],
  [
    'FROM a\nHEALTHCHECK --interval=1us CMD x',
    'dockerfile parse error on line 2: Interval "interval" cannot be less than 1ms',
  ],
  ['FROM a\nHEALTHCHECK --retries=-1 CMD x', 'dockerfile parse error on line 2: --retries cannot be negative (-1)'],
  ['# escape=x\nFROM a', "invalid escape token 'x' does not match ` or \\"],
  ['# escape=`\n# escape=`\nFROM a', 'only one escape parser directive can be used'],
  [`FROM a\nLABEL x=${'y'.repeat(65536)}`, 'dockerfile line greater than max allowed size of 65535'],
];

test('faults are told in the words of Docker', () => {
  for (const [text, message] of ERRORS)
    assert.equal(parseDockerfile(text).problems[0]?.message, message, text.slice(0, 80));
});

test('a problem has its place, and those behind it are found too', () => {
  const { problems, value } = parseDockerfile('FROM a\n  RUNN \\\n  x\nCOPY a\nRUN true\n');
  assert.deepEqual(
    problems.map(({ range }) => range),
    [
      { start: { line: 2, column: 3 }, end: { line: 3, column: 4 } },
      { start: { line: 4, column: 1 }, end: { line: 4, column: 7 } },
    ],
  );
  assert.deepEqual(
    value.stages[0]?.instructions.map(({ kind }) => kind),
    ['run'],
  );
});

const first = (text: string): Instruction => {
  const instruction = parseDockerfile(`FROM a\n${text}`).value.stages[0]?.instructions[0];
  assert.ok(instruction);
  return instruction;
};

test('all words of an instruction see the same variables', () => {
  const variables = new Map([['abc', 'hello']]);
  const { instruction, missing } = expandInstruction(first('ENV abc=bye def=$abc ghi=$jkl'), variables, '\\');
  assert.ok(instruction.kind === 'env');
  assert.deepEqual(
    instruction.pairs.map(({ key, value }) => `${key}=${value}`),
    ['abc=bye', 'def=hello', 'ghi='],
  );
  assert.deepEqual([...missing], ['jkl']);
});

test('variables in files, ports and mounts', () => {
  const variables = new Map([
    ['port', '80 443'],
    ['name', 'x'],
  ]);
  const copy = expandInstruction(
    first('COPY --chown=$name <<A <<"B" $name/\nsay "$name"\nA\n$name\nB'),
    variables,
    '\\',
  ).instruction;
  assert.ok(copy.kind === 'copy');
  assert.deepEqual(
    [copy.chown, copy.destination, ...copy.files.map(({ content }) => content)],
    ['x', 'x/', 'say "x"\n', '$name\n'],
  );
  const expose = expandInstruction(first('EXPOSE 1 $port'), variables, '\\').instruction;
  assert.ok(expose.kind === 'expose');
  assert.deepEqual(expose.ports, ['80', '443', '1']);
  const { mounts } = expandInstruction(
    first('RUN --mount=type=cache,id=$name,target=/c --mount=type=secret,id=s,env=S,required --mount=target=/b,rw x'),
    variables,
    '\\',
  );
  assert.deepEqual(
    mounts.map(({ type, id, target, readOnly, required, env }) => [type, id, target, readOnly, required, env]),
    [
      ['cache', 'x', '/c', false, false, undefined],
      ['secret', 's', '', true, true, 'S'],
      ['bind', '', '/b', false, false, undefined],
    ],
  );
});

test('options of a mount that make no sense', () => {
  const said = (mount: string): string => {
    try {
      expandInstruction(first(`RUN --mount=${mount} x`), new Map(), '\\');
      return '';
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
  };
  assert.equal(said('type=cach,target=/x'), 'unsupported mount type "cach" (did you mean cache?)');
  assert.equal(said('type=cache,sharing=lock,target=/x'), 'unsupported sharing value "lock" (did you mean locked?)');
  assert.equal(said('tagret=/x'), "unexpected key 'tagret' in 'tagret=/x' (did you mean target?)");
  assert.equal(said('type=bind,uid=1'), 'uid not allowed for "bind" type mounts');
  assert.equal(said('type=secret'), 'invalid secret mount. one of source, target required');
  assert.equal(said('type=tmpfs,size=x'), 'invalid value for size: x');
  assert.equal(said('type=ssh,mode=9'), 'invalid value 9 for mode');
  assert.equal(said('what'), "invalid field 'what' must be a key=value pair");
});

test('arguments: given, default, global', () => {
  const { value } = parseDockerfile(
    'ARG base=debian\nARG full=$base:$tag\nARG tag=1\nFROM $full\nARG tag\nARG other=$tag-$TARGETARCH',
  );
  const amd64 = { os: 'linux', architecture: 'amd64', variant: '' };
  const arm = { os: 'linux', architecture: 'arm', variant: 'v7' };
  const automatic = automaticArgs(amd64, arm, '');
  assert.equal(automatic.get('TARGETPLATFORM'), platformText(arm));
  assert.equal(platformText(arm), 'linux/arm/v7');
  const global = globalScope(automatic, value.metaArgs, new Map([['base', 'busybox']]), '\\');
  assert.deepEqual(
    ['base', 'full', 'tag'].map((name) => global.get(name)),
    ['busybox', 'busybox:', '1'],
  );
  const definition = { key: 'tag', value: undefined };
  assert.equal(stageArg(definition, new Map(), new Map(), global, '\\').value, '1');
  assert.equal(stageArg(definition, new Map(), new Map([['tag', '2']]), global, '\\').value, '2');
  const other = stageArg({ key: 'other', value: '$tag-$x' }, new Map([['tag', '3']]), new Map(), global, '\\');
  assert.deepEqual([other.value, [...other.missing]], ['3-', ['x']]);
  assert.ok(PROXY_ARGS.includes('https_proxy') && BUILTIN_ARGS.includes('SOURCE_DATE_EPOCH'));
});

test('triggers of an image', () => {
  const trigger = parseTrigger('COPY --from=x a b');
  assert.ok(trigger.kind === 'copy' && trigger.from === 'x');
  const script = parseTrigger('RUN <<EOF\necho\nEOF');
  assert.ok(script.kind === 'run' && script.heredocs[0]?.content === 'echo\n');
  assert.throws(() => parseTrigger('FROM x'), { message: "FROM isn't allowed as an ONBUILD trigger" });
});

test('the frontend that a file asks for', () => {
  assert.equal(syntaxOf('# syntax=docker/dockerfile:1 more\nFROM a'), 'docker/dockerfile:1');
  assert.equal(syntaxOf('#!/bin/x\n// syntax = y\nFROM a'), 'y');
  assert.equal(syntaxOf('{"syntax": "z"}'), 'z');
  assert.equal(syntaxOf('FROM a\n# syntax=b'), undefined);
  assert.equal(parseDockerfile('#!/bin/x\n# check=error=true\nFROM a').value.check, 'error=true');
});

test('what was meant', () => {
  assert.equal(guess('wrokdir', ['WORKDIR', 'USER'], false), 'workdir');
  assert.equal(guess('entirely', ['WORKDIR', 'USER'], false), undefined);
  assert.equal(withGuess('no x', 'targt', ['target']), 'no x (did you mean target?)');
});

test('tabs before lines of a heredoc go away when asked for', () => {
  assert.equal(heredocText({ content: '\t\ta\n\tb\n', chomp: true }), 'a\nb\n');
});

test('safety H3: blanks, joined lines and stages are bounded, and take no more time than other text', () => {
  const start = performance.now();
  const problemOf = (text: string): string | undefined => parseDockerfile(text).problems[0]?.message;
  assert.match(
    problemOf(`FROM a\nRUN a${' \\\n a'.repeat(MAX_INSTRUCTION_CHARACTERS / 2)}`) ?? '',
    /instruction is longer than/,
  );
  assert.equal(problemOf(`FROM a\nRUN a${' '.repeat(60_000)}b`), undefined);
  assert.equal(problemOf('FROM a\n'.repeat(MAX_STAGES)), undefined);
  assert.equal(problemOf('FROM a\n'.repeat(MAX_INSTRUCTIONS)), `more than ${MAX_STAGES} stages`);
  assert.equal(problemOf(`FROM a\n${'ENV a=b\n'.repeat(MAX_INSTRUCTIONS - 1)}`), undefined);
  assert.equal(
    problemOf(`FROM a\n${'ENV a=b\n'.repeat(MAX_INSTRUCTIONS)}`),
    `more than ${MAX_INSTRUCTIONS} instructions`,
  );
  assert.equal(parseDockerfile(`FROM a${' '.repeat(60_000)}AS b`).value.stages[0]?.name, 'b');
  assert.ok(performance.now() - start < 5000);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkArgs, exactly, flag, flagUsages, PROGRAM_NAME, atLeast, none } from './index.ts';
import { inHelp } from './failure.ts';

test('flags are listed by name, wrapped, with defaults', () => {
  const text = flagUsages(
    {
      timeout: flag.int('t', 'Seconds to wait before killing the container', 10),
      all: flag.bool('a', 'Show all containers (default shows just running) and some more words'),
      secret: flag.string('', 'Hidden', '', { hidden: true }),
    },
    60,
  );
  assert.equal(
    text,
    [
      '  -a, --all           Show all containers (default',
      '                      shows just running) and some',
      '                      more words',
      '  -t, --timeout int   Seconds to wait before killing',
      '                      the container (default 10)',
    ].join('\n'),
  );
});

test('the number of arguments is refused in the words of docker', () => {
  assert.equal(
    checkArgs(atLeast(1), [], 'docker rm', 'docker rm [OPTIONS] CONTAINER'),
    "docker: 'docker rm' requires at least 1 argument\n\nUsage:  docker rm [OPTIONS] CONTAINER\n\nSee 'docker rm --help' for more information",
  );
  assert.match(checkArgs(exactly(2), ['a'], 'docker cp', '') ?? '', /requires 2 arguments/);
  assert.match(checkArgs(none, ['a'], 'docker ps', '') ?? '', /accepts no arguments/);
  assert.equal(checkArgs(exactly(1), ['a'], 'docker cp', ''), undefined);
});

test('help pages carry the own name', () => {
  assert.equal(inHelp('docker container ls, docker ps'), `${PROGRAM_NAME} container ls, ${PROGRAM_NAME} ps`);
});

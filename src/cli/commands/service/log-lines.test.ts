// What stands before a line of a service's log.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineHead, splitDetails } from './log-lines.ts';

const DETAILS =
  'com.docker.swarm.node.id=node1234567890123,com.docker.swarm.service.id=s1,com.docker.swarm.task.id=task1234567890123';
const names = {
  nodes: new Map([['node1234567890123', 'host']]),
  services: new Map([['s1', 'web']]),
  slots: new Map([['task1234567890123', 2]]),
};

test('details are told from the line, also behind a time', () => {
  assert.equal(splitDetails(`${DETAILS} hello world\n`).line, 'hello world\n');
  const timed = splitDetails(`2024-01-02T03:04:05.000000000Z ${DETAILS} hello\n`);
  assert.deepEqual([timed.before, timed.line], ['2024-01-02T03:04:05.000000000Z ', 'hello\n']);
  assert.equal(timed.details.get('service.id'), 's1');
  assert.equal(splitDetails('no details\n').line, 'no details\n');
});

test('a line begins with service, slot, task and host, as far as they are asked for', () => {
  const { details } = splitDetails(`${DETAILS} x`);
  const head = (resolves: boolean, hasIds: boolean, cuts: boolean) =>
    lineHead(details, names, { resolves, hasIds, cuts });
  assert.equal(head(true, true, true), 'web.2.task12345678@host');
  assert.equal(head(true, false, true), 'web.2@host');
  assert.equal(head(true, true, false), 'web.2.task1234567890123@host');
  assert.equal(head(false, true, true), 's1.2.task12345678@node12345678');
});

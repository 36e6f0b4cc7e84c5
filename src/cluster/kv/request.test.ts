// What tasks ask by HTTP, and what their services' rights let them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRights } from '../model/rights.ts';
import { checkNodeMessage } from '../wire/check.ts';
import { TaskAccess } from './task-access.ts';
import type { KeyValues } from './values.ts';
import type { ClusterView, Watches } from './watch.ts';
import { isAllowed, type KeyValueRequest, readRequest } from './request.ts';

const read = (method: string, url: string, body = ''): KeyValueRequest => readRequest(method, url, Buffer.from(body));

test('method and path say what is asked', () => {
  assert.deepEqual(read('GET', '/kv/app/a%20b'), { verb: 'get', key: 'app/a b' });
  assert.deepEqual(read('GET', '/kv?prefix=app/'), { verb: 'list', prefix: 'app/' });
  assert.deepEqual(read('PUT', '/kv/a?revision=0&lease=7', 'x'), {
    verb: 'put',
    key: 'a',
    value: 'eA==',
    revision: 0,
    lease: '7',
  });
  assert.deepEqual(read('DELETE', '/kv/a?revision=9'), { verb: 'delete', key: 'a', revision: 9 });
  assert.deepEqual(read('GET', '/watch?prefix=app/&since=3&wait=500'), {
    verb: 'watch',
    prefix: 'app/',
    since: 3,
    wait: 60,
  });
  assert.deepEqual(read('GET', '/watch'), { verb: 'watch', prefix: '' });
  assert.deepEqual(read('POST', '/leases?seconds=10'), { verb: 'grant', seconds: 10 });
  assert.deepEqual(read('POST', '/leases/7/keepalive'), { verb: 'keep-alive', lease: '7' });
  assert.deepEqual(read('DELETE', '/leases/7'), { verb: 'revoke', lease: '7' });
  for (const [method, url] of [
    ['POST', '/kv/a'],
    ['GET', '/'],
    ['GET', '/leases/x'],
    ['PATCH', '/leases/7'],
  ] as const)
    assert.throws(() => read(method, url), { kind: 'notFound' }, `${method} ${url}`);
  for (const url of ['/kv/a?revision=-1', '/kv/%zz', 'http://elsewhere/kv/a', '/watch?since=x'])
    assert.throws(() => read('GET', url), { kind: 'invalid' }, url);
});

test('rights hold for keys that begin so, and reading is no writing', () => {
  const rights = readRights('app/:rw, config/:r') ?? [];
  const may = (method: string, url: string): boolean => isAllowed(rights, read(method, url));
  for (const [method, url] of [
    ['GET', '/kv/app/x'],
    ['PUT', '/kv/app/x'],
    ['DELETE', '/kv/app/x'],
    ['GET', '/kv?prefix=app/x'],
    ['GET', '/watch?prefix=config/'],
    ['GET', '/kv/config/x'],
    ['POST', '/leases?seconds=9'],
  ] as const)
    assert.ok(may(method, url), `${method} ${url}`);
  for (const [method, url] of [
    ['PUT', '/kv/config/x'],
    ['GET', '/kv/other'],
    ['GET', '/kv/app'],
    ['GET', '/kv'],
    ['GET', '/watch?prefix=ap'],
    ['GET', '/kv/services/web/1'],
  ] as const)
    assert.ok(!may(method, url), `${method} ${url}`);
  assert.ok(!isAllowed(readRights('config/:r') ?? [], { verb: 'grant', seconds: 9 }));
  for (const text of ['', 'app', 'app:x', 'app/:rw,', 'app/:w']) assert.equal(readRights(text), undefined, text);
});

test('a node asks for its own tasks only, and a task for what its service may', async () => {
  const objects = {
    tasks: [
      { ID: 't', NodeID: 'n1', ServiceID: 's', Status: { State: 'running' } },
      { ID: 'ended', NodeID: 'n1', ServiceID: 's', Status: { State: 'failed' } },
    ],
    services: [{ ID: 's', Spec: { Name: 'web', Labels: { 'berth.kv': 'app/:r' } } }],
  };
  const view = {
    revision: 1,
    get: (kind: keyof typeof objects, id: string) => objects[kind].find(({ ID }) => ID === id),
  };
  const watches = { get: (key: string) => Promise.resolve({ Key: key, Value: '', Revision: 1 }) };
  const access = new TaskAccess(view as unknown as ClusterView, {} as KeyValues, watches as unknown as Watches);
  const signal = new AbortController().signal;
  assert.deepEqual(await access.answer('n1', 't', { verb: 'get', key: 'app/x' }, signal), {
    Key: 'app/x',
    Value: '',
    Revision: 1,
  });
  for (const [node, task, request] of [
    ['n2', 't', { verb: 'get', key: 'app/x' }],
    ['n1', 'ended', { verb: 'get', key: 'app/x' }],
    ['n1', 'none', { verb: 'get', key: 'app/x' }],
    ['n1', 't', { verb: 'get', key: 'other' }],
    ['n1', 't', { verb: 'delete', key: 'app/x' }],
  ] as const)
    await assert.rejects(access.answer(node, task, request, signal), { kind: 'forbidden' }, `${node} ${task}`);
});

test('what no node of ours would ask is not taken from one', () => {
  const kv = (request: unknown): unknown => ({ type: 'kv', id: 1, task: 't', request });
  for (const request of [
    { verb: 'get', key: 'a' },
    { verb: 'put', key: 'a', value: '', revision: 3 },
    { verb: 'watch', prefix: '', wait: 5 },
  ])
    assert.ok(checkNodeMessage(kv(request)), JSON.stringify(request));
  for (const request of [
    undefined,
    { verb: 'backup' },
    { verb: 'toString' },
    { verb: 'get' },
    { verb: 'put', key: 'a', value: 7 },
    { verb: 'put', key: 'a', value: '', revision: 'x' },
    { verb: 'watch', prefix: '', wait: 'long' },
    { verb: 'grant' },
  ])
    assert.equal(checkNodeMessage(kv(request)), undefined, JSON.stringify(request));
});

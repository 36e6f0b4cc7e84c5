import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { ClusterAccess } from '../../cluster/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { ApiRequest, ApiResponse, Handlers } from '../handler.ts';
import { MAX_EXECS, remember, withRemote } from './remote.ts';

/** Asks for an exec in a container of a node that answers so. */
async function askNode(answer: RequestListener): Promise<{ status: number; body: unknown }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const remote = {
    find: () => ({ node: 'n2', container: 'c', isHere: false }),
    connect: () => Promise.resolve(connect((server.address() as AddressInfo).port, '127.0.0.1')),
  };
  const access = { isMember: true, open: () => Promise.resolve({ remote }) } as unknown as ClusterAccess;
  const handlers = { ContainerExec: () => Promise.reject(new Error('not here')) } as unknown as Handlers;
  const ask = withRemote(handlers, { knows: () => false } as unknown as Engine, access).ContainerExec;
  const request = {
    params: { id: 'web.1' },
    headers: {},
    minor: 51,
    search: '',
    signal: new AbortController().signal,
    body: Readable.from([]),
  } as unknown as ApiRequest;
  const said = Promise.withResolvers<{ status: number; body: unknown }>();
  const reply = (body: unknown, status: number): void => said.resolve({ status, body });
  const response = { json: reply, text: reply, empty: (status: number) => reply('', status) } as unknown as ApiResponse;
  try {
    await ask?.(request, response);
    return await said.promise;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('limit: a node whose answer has no end is given up', async () => {
  for (const status of [201, 404, 500]) {
    let sent = 0;
    const endless: RequestListener = (_, response) => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024, 0x20))) sent += 64 * 1024;
      };
      response.on('drain', more);
      more();
    };
    await assert.rejects(askNode(endless), /answers with more than 1048576 bytes/);
    assert.ok(sent < 16 * 1024 * 1024, `${sent}`);
  }
});

test('the answer of a node that is no JSON is an error and ends nothing', async () => {
  const said =
    (text: string): RequestListener =>
    (_, response) => {
      response.writeHead(201, { 'Content-Type': 'application/json' }).end(text);
    };
  assert.deepEqual(await askNode(said('{"Id":"e1"}')), { status: 201, body: { Id: 'e1' } });
  for (const odd of ['{"Id":', 'x', 'null', '[]', '{"Id":{}}', '{"Id":""}'])
    await askNode(said(odd)).then(
      ({ status }) => assert.equal(status, 201),
      (error: unknown) => assert.match(String(error), /the node of the task/),
    );
});

test('limit: so many execs on other nodes are remembered, the newest', () => {
  const execs = new Map<string, string>();
  for (let at = 0; at < MAX_EXECS + 10; at += 1) remember(execs, JSON.stringify({ Id: `e${at}` }), 'n2');
  assert.equal(execs.size, MAX_EXECS);
  assert.deepEqual([execs.has('e9'), execs.has('e10'), execs.get(`e${MAX_EXECS + 9}`)], [false, true, 'n2']);
});

// Registries that lead elsewhere: all of a name behind a redirect, and a token server that moved.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { sha256 } from '../../base/ids.ts';
import type { Remote } from './remote.ts';
import { Registries } from './registry.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

const { signal } = new AbortController();
const MANIFEST = JSON.stringify({ schemaVersion: 2, manifests: [] });
const TYPE = 'application/vnd.oci.image.index.v1+json';

async function served(listener: RequestListener): Promise<Disposable & { readonly host: string }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { host, [Symbol.dispose]: () => void server.close() };
}

async function readerOf(registries: Registries, host: string, credentials = {}): Promise<Remote> {
  for await (const remote of registries.readers(host, 'some/image', credentials, signal)) return remote;
  throw new Error('no endpoint');
}

const bearer = (realm: string) => ({ 'WWW-Authenticate': `Bearer realm="${realm}",service="s"` });

test('users B13: a name that leads to another registry gets a token of that one, which the first never sees', async () => {
  const seen: { who: string; authorization: string | undefined }[] = [];
  const note = (who: string, { headers }: IncomingMessage): void =>
    void seen.push({ who, authorization: headers.authorization });
  using target = await served((request, response) => {
    note('target', request);
    if (request.url?.startsWith('/token')) {
      response.end(JSON.stringify({ token: 'for-the-target' }));
      return;
    }
    if (request.headers.authorization !== 'Bearer for-the-target')
      response.writeHead(401, bearer(`http://${request.headers.host}/token`)).end();
    else response.writeHead(200, { 'Content-Type': TYPE }).end(MANIFEST);
  });
  using first = await served((request, response) => {
    note('first', request);
    response.writeHead(307, { Location: `http://${target.host}${request.url}` }).end();
  });
  const remote = await readerOf(new Registries(DEFAULT_SETTINGS), first.host, { username: 'ada', password: 'secret' });
  for (const _ of ['once', 'with the token that is kept']) {
    const { digest } = await remote.manifest('latest', signal);
    assert.equal(digest, sha256(Buffer.from(MANIFEST)));
  }
  assert.ok(seen.some(({ who }) => who === 'first'));
  const shown = seen.filter(({ who, authorization }) => who === 'first' && authorization !== undefined);
  assert.deepEqual(shown, []);
  // and the password is for the first alone
  assert.ok(seen.every(({ authorization = '' }) => !authorization.startsWith('Basic')));
});

test('users S5: a token server that moved is found again by what the registry says now', async () => {
  let realm = '';
  using moved = await served((_, response) => void response.end(JSON.stringify({ token: 'new' })));
  const old = await served((_, response) => void response.end(JSON.stringify({ token: 'old', expires_in: 1 })));
  let good = 'old';
  using registry = await served((request, response) => {
    if (request.headers.authorization !== `Bearer ${good}`) response.writeHead(401, bearer(realm)).end();
    else response.writeHead(200, { 'Content-Type': TYPE }).end(MANIFEST);
  });
  realm = `http://${old.host}/token`;
  const registries = new Registries(DEFAULT_SETTINGS);
  const remote = await readerOf(registries, registry.host);
  await remote.manifest('latest', signal);
  old[Symbol.dispose]();
  realm = `http://${moved.host}/token`;
  good = 'new';
  const again = await readerOf(registries, registry.host);
  await again.manifest('latest', signal);
});

test('a token server that does not answer is said as it is', async () => {
  const gone = await served(() => undefined);
  gone[Symbol.dispose]();
  using registry = await served((_, response) => void response.writeHead(401, bearer(`http://${gone.host}/t`)).end());
  const remote = await readerOf(new Registries(DEFAULT_SETTINGS), registry.host);
  await assert.rejects(remote.manifest('latest', signal), /connection refused/);
});

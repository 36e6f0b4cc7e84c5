import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../metadata/index.ts';
import { checkDigest } from '../model/index.ts';
import { digestOf, INDEX, MANIFEST, TestHub } from '../testing.ts';
import { DEFAULT_SETTINGS, Registries } from '../../registry/client/index.ts';
import { bring, Follows, setReplica, Upstreams, Webhooks } from './index.ts';
import { waitAfter } from './queue.ts';

let upstream: TestHub;
let hub: TestHub;
before(async () => {
  upstream = await TestHub.start();
  hub = await TestHub.start();
});
after(async () => {
  await hub[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

/** As the commands do: another connection to the same file. */
function withDatabase(work: (database: ReturnType<typeof openDatabase>) => void): void {
  const database = openDatabase(`${hub.root}/hub/hub.db`);
  try {
    work(database);
  } finally {
    database.close();
  }
}

async function until(what: () => Promise<boolean> | boolean): Promise<void> {
  for (let round = 0; round < 200; round += 1) {
    if (await what()) return;
    await sleep(50);
  }
  assert.fail('it did not come to be');
}

test('what is not here is pulled through, once for all who ask, and given as it was when the upstream is gone', async () => {
  const digest = await upstream.pushImage('library/app', '1', ['one']);
  withDatabase((database) => new Upstreams(database).set('mirror', upstream.address, '', ''));
  const pulls = await Promise.all(
    Array.from({ length: 8 }, () =>
      hub.ask('GET', '/v2/mirror/library/app/manifests/1', { headers: { Accept: '*/*' } }),
    ),
  );
  for (const { status, body } of pulls) assert.deepEqual([status, digestOf(body)], [200, digest]);
  const blobs = await Promise.all(
    Array.from({ length: 8 }, () => hub.ask('GET', `/v2/mirror/library/app/blobs/${digestOf('one')}`)),
  );
  for (const { status, body } of blobs) assert.deepEqual([status, body.toString()], [200, 'one']);
  const asked = (await upstream.ask('GET', '/metrics')).body.toString();
  assert.match(asked, /method="GET",route="\/v2\/\{name\+\}\/manifests\/\{reference\}",status="200"\} 1\n/);
  assert.match(asked, /method="GET",route="\/v2\/\{name\+\}\/blobs\/\{digest\}",status="200"\} 1\n/);
  assert.equal((await hub.ask('GET', '/v2/mirror/library/none/manifests/1')).status, 404);
  const pushed = await hub.ask('POST', '/v2/mirror/library/app/blobs/uploads/');
  assert.deepEqual([pushed.status, pushed.code], [403, 'DENIED']);

  // another process, so that no tag is fresh; the tag has moved meanwhile
  const moved = await upstream.pushImage('library/app', '1', ['two']);
  await hub.restart();
  const again = await hub.ask('GET', '/v2/mirror/library/app/manifests/1', { headers: { Accept: '*/*' } });
  assert.equal(digestOf(again.body), moved);
  assert.equal(again.headers.get('warning'), null);

  await hub.restart();
  upstream.hub.server.closeAllConnections();
  await upstream.hub[Symbol.asyncDispose]();
  const old = await hub.ask('GET', '/v2/mirror/library/app/manifests/1', { headers: { Accept: '*/*' } });
  assert.deepEqual([old.status, digestOf(old.body)], [200, moved]);
  assert.match(old.headers.get('warning') ?? '', /^110 - "127\.0\.0\.1:\d+: /);
  const missing = await hub.ask('GET', '/v2/mirror/library/other/manifests/1');
  assert.deepEqual([missing.status, missing.code], [503, 'UNAVAILABLE']);
  await upstream.restart();
});

test('a push goes on to another registry, with all that it names, after the other has come back', async () => {
  const target = await TestHub.start();
  const { address } = target;
  const port = Number(address.split(':')[1]);
  withDatabase((database) => setReplica(database, 'team/*', `${address}/copy`, '', ''));
  target.hub.server.closeAllConnections();
  await new Promise((resolve) => target.hub.server.close(resolve));
  const digest = await hub.pushImage('team/app', '1', ['a layer', 'another']);
  await hub.pushImage('other/app', '1', ['not to go']);
  const jobs = (): { tries: number }[] => {
    let rows: { tries: number }[] = [];
    withDatabase((database) => {
      rows = database.prepare("SELECT tries FROM job WHERE kind = 'replicate'").all() as { tries: number }[];
    });
    return rows;
  };
  await until(() => jobs().some(({ tries }) => tries > 0));
  await new Promise<void>((resolve) => target.hub.server.listen(port, '127.0.0.1', resolve));
  await until(async () => (await target.ask('GET', '/v2/copy/team/app/manifests/1')).status === 200);
  const copied = await target.ask('GET', '/v2/copy/team/app/manifests/1', { headers: { Accept: '*/*' } });
  assert.equal(digestOf(copied.body), digest);
  const layer = await target.ask('GET', `/v2/copy/team/app/blobs/${digestOf('another')}`);
  assert.equal(layer.body.toString(), 'another');
  await until(() => jobs().length === 0);
  assert.equal((await target.ask('GET', '/v2/copy/other/app/manifests/1')).status, 404);
  await target[Symbol.asyncDispose]();
});

test('a web hook to where a cloud keeps the secrets of a machine is refused, and told nothing where its name leads there', async () => {
  let sent: Promise<void> | undefined;
  withDatabase((database) => {
    const hooks = new Webhooks(database);
    for (const url of ['http://169.254.169.254/x', 'http://[fe80::1]/', 'http://[::ffff:a9fe:a9fe]/', 'ftp://a/', 'x'])
      assert.throws(() => hooks.set({ pattern: '*', url, secret: 's' }), /link-local|no address/);
    // as one that was set before, or whose name changed
    const target = 'http://2852039166/';
    database.prepare('INSERT INTO webhook (pattern, url, secret) VALUES (?, ?, ?)').run('none/*', target, 's');
    const job = { id: 1, kind: 'webhook', target, body: '{}', nextAt: 0, tries: 0, error: '' };
    sent = hooks.send(job);
    // what becomes of it is looked at below
    sent.catch(() => undefined);
    hooks.remove('none/*', target);
  });
  await assert.rejects(sent ?? Promise.resolve(), /link-local/);
});

test('a web hook is told of pushes and deletions, signed, again when it refused', async () => {
  const came: { headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      came.push({ headers: request.headers, body });
      response.writeHead(came.length === 1 ? 500 : 200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  withDatabase((database) => new Webhooks(database).set({ pattern: 'hooked/*', url, secret: 'a secret' }));
  const digest = await hub.pushImage('hooked/app', '7', []);
  await until(() => came.length === 2);
  assert.equal(came[0]?.body, came[1]?.body);
  const { headers, body } = came[1] ?? { headers: {}, body: '' };
  assert.equal(headers['x-hub-signature-256'], `sha256=${createHmac('sha256', 'a secret').update(body).digest('hex')}`);
  const { events } = JSON.parse(body) as { events: { action: string; target: Record<string, unknown> }[] };
  assert.equal(events[0]?.action, 'push');
  assert.deepEqual(
    [events[0]?.target['repository'], events[0]?.target['tag'], events[0]?.target['digest']],
    ['hooked/app', '7', digest],
  );
  await hub.ask('DELETE', `/v2/hooked/app/manifests/${digest}`);
  await until(() => came.length === 3);
  assert.match(came[2]?.body ?? '', /"action":"delete".*"repository":"hooked\/app"/);
  server.close();
});

test('waits grow to an hour', () => {
  assert.deepEqual([1, 2, 3, 30].map(waitAfter), [2000, 4000, 8000, 3_600_000]);
});

/** What comes when the hub asks for all that the upstream has below `only`. */
async function bringAll(only: string, signal = new AbortController().signal) {
  const failures: string[] = [];
  const { registry, access } = hub.hub;
  const done = await bring(
    {
      storage: registry.storage,
      catalog: registry.catalog,
      registries: new Registries(DEFAULT_SETTINGS),
      blobBytes: 1e9,
      checkTag: (...about) => access.rules.checkTag(...about),
      say: (name, tag, failure) => {
        if (failure !== undefined) failures.push(`${name}:${tag} ${failure}`);
      },
    },
    { domain: upstream.address, path: 'shop', pattern: only, credentials: {} },
    signal,
  );
  return { done, failures };
}

test('an import brings all tags with indexes and what is attached, once, and the next time what is missing', async () => {
  const one = await upstream.pushImage('shop/web', 'v1', ['of both', 'of the web']);
  const size = (await upstream.ask('GET', `/v2/shop/web/manifests/${one}`)).body.length;
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: [{ mediaType: MANIFEST, digest: one, size }],
  });
  await upstream.ask('PUT', '/v2/shop/web/manifests/all', { body: index, headers: { 'Content-Type': INDEX } });
  const subject = { mediaType: INDEX, digest: digestOf(index), size: index.length };
  await upstream.pushImage('shop/web', 'attached', ['what is in it'], { subject, artifactType: 'application/sbom' });
  await upstream.ask('DELETE', '/v2/shop/web/manifests/attached');
  await upstream.pushImage('shop/deep/worker', 'v1', ['of both', 'of the worker']);
  await upstream.pushImage('other/thing', 'v1', ['elsewhere']);
  const first = await bringAll('*');
  assert.deepEqual(first.failures, []);
  assert.deepEqual([first.done.repositories, first.done.tags, first.done.same, first.done.failed], [2, 3, 0, 0]);
  // the layer that both have came once, and the configuration was here
  assert.equal(first.done.blobs, 4);
  assert.equal(first.done.bytes, 'of bothof the webof the workerwhat is in it'.length);
  assert.equal(digestOf((await hub.ask('GET', '/v2/web/manifests/all')).body), digestOf(index));
  assert.equal(digestOf((await hub.ask('GET', '/v2/web/manifests/v1')).body), one);
  const blob = await hub.ask('GET', `/v2/deep/worker/blobs/${digestOf('of the worker')}`);
  assert.equal(blob.body.toString(), 'of the worker');
  const referrers = JSON.parse((await hub.ask('GET', `/v2/web/referrers/${digestOf(index)}`)).body.toString()) as {
    manifests: { artifactType: string }[];
  };
  assert.deepEqual(
    referrers.manifests.map(({ artifactType }) => artifactType),
    ['application/sbom'],
  );
  assert.equal((await hub.ask('GET', '/v2/thing/tags/list')).status, 404);
  await upstream.pushImage('shop/web', 'v2', ['of both', 'of v2']);
  const second = await bringAll('*');
  assert.deepEqual([second.done.tags, second.done.same, second.done.blobs], [1, 3, 1]);
});

test('an import that one tag breaks brings the others, and leaves an immutable tag as it is', async () => {
  await upstream.pushImage('shop/part', 'a', ['fine']);
  await upstream.pushImage('shop/part', 'b', ['lost']);
  await upstream.pushImage('shop/part', 'c', ['fine too']);
  await upstream.hub.registry.storage.blobs.remove(checkDigest(digestOf('lost')));
  await hub.pushImage('part', 'c', ['of before']);
  withDatabase((database) =>
    database.prepare("INSERT INTO rule (kind, pattern, value) VALUES ('immutable', 'part', 'c')").run(),
  );
  const { done, failures } = await bringAll('part');
  assert.deepEqual([done.tags, done.failed], [1, 2]);
  assert.match(failures.join('\n'), /part:b .*\npart:c tag c of part is immutable/);
  assert.equal((await hub.ask('GET', '/v2/part/manifests/b')).status, 404);
  assert.equal((await hub.ask('GET', `/v2/part/blobs/${digestOf('fine')}`)).status, 200);
});

test('what appears in a registry that is followed comes by itself, and goes on when it was away', async () => {
  const followed = await TestHub.start();
  try {
    await followed.pushImage('news/app', '1', ['first']);
    withDatabase((database) =>
      new Follows(database).set('news/*', followed.address, { account: '', secret: '' }, 10_000),
    );
    await until(async () => (await hub.ask('GET', '/v2/news/app/manifests/1')).status === 200);
    const again = await followed.pushImage('news/app', '2', ['second']);
    // its time has come
    withDatabase((database) => database.exec('UPDATE follow SET next_at = 0'));
    await until(async () => (await hub.ask('GET', `/v2/news/app/manifests/${again}`)).status === 200);
    withDatabase((database) => new Follows(database).remove('news/*', followed.address));
  } finally {
    await followed[Symbol.asyncDispose]();
  }
});

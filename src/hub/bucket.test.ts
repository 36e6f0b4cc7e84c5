import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../base/log.ts';
import { openHub } from './open.ts';
import { bucketStorage } from './storage/index.ts';
import { TEST_KEYS, TestBucket } from './storage/bucket-testing.ts';
import { digestOf, TestHub } from './testing.ts';

let bucket: TestBucket;
let hub: TestHub;
before(async () => {
  bucket = await TestBucket.start();
  hub = await TestHub.start({ bucket: { url: bucket.url, ...TEST_KEYS } });
});
after(async () => {
  await hub[Symbol.asyncDispose]();
  await bucket[Symbol.asyncDispose]();
});

test('a push to a hub over a bucket is pulled, listed, resumed, mounted and deleted', async () => {
  const digest = await hub.pushImage('team/app', '1', ['one', 'two']);
  const pulled = await hub.ask('GET', '/v2/team/app/manifests/1', { headers: { Accept: '*/*' } });
  assert.equal(digestOf(pulled.body), digest);
  const blob = await hub.ask('GET', `/v2/team/app/blobs/${digestOf('two')}`, { headers: { Range: 'bytes=1-' } });
  assert.deepEqual([blob.status, blob.body.toString()], [206, 'wo']);
  const { headers } = await hub.ask('POST', '/v2/team/app/blobs/uploads/');
  const location = headers.get('location') ?? '';
  await hub.ask('PATCH', location, { body: 'half' });
  assert.equal((await hub.ask('GET', location)).headers.get('range'), '0-3');
  const done = await hub.ask('PUT', `${location}?digest=${digestOf('half and half')}`, { body: ' and half' });
  assert.equal(done.status, 201);
  const mounted = await hub.ask('POST', `/v2/other/app/blobs/uploads/?mount=${digestOf('one')}&from=team/app`);
  assert.equal(mounted.status, 201);
  const tags = await hub.ask('GET', '/v2/team/app/tags/list');
  assert.deepEqual(JSON.parse(tags.body.toString()), { name: 'team/app', tags: ['1'] });
  assert.equal((await hub.ask('DELETE', `/v2/team/app/manifests/${digest}`)).status, 202);
  assert.equal((await hub.ask('GET', '/v2/team/app/manifests/1')).status, 404);
  // nothing is left on the disk of what went to the bucket
  const spooled = readdirSync(join(hub.root, 'hub', 'spool'), { recursive: true, withFileTypes: true });
  assert.deepEqual(
    spooled.filter((entry) => entry.isFile()).map(({ name }) => name),
    [],
  );
});

test('a hub without a catalog makes it from the bucket', async () => {
  await hub.pushImage('team/kept', '1', ['three']);
  await hub.restart();
  const root = mkdtempSync(join(tmpdir(), 'berth-hub-'));
  await hub.hub[Symbol.asyncDispose]();
  const other = await TestHub.start({ root, bucket: { url: bucket.url, ...TEST_KEYS } });
  const catalog = await other.ask('GET', '/v2/_catalog');
  assert.deepEqual(JSON.parse(catalog.body.toString()), { repositories: ['team/kept'] });
  await other[Symbol.asyncDispose]();
  await hub.restart();
});

test('a second hub on the same bucket is refused, and says who has it', async () => {
  const root = mkdtempSync(join(tmpdir(), 'berth-hub-'));
  const second = openHub({ root, log: silentLog, bucket: { url: bucket.url, ...TEST_KEYS } });
  await assert.rejects(second, /^BerthError: the hub on .* works on this bucket/);
  rmSync(root, { recursive: true, force: true });
});

test('a bucket that is away, or refuses the key, is said to be, and nothing is taken for missing', async () => {
  const wrong = bucketStorage({ url: bucket.url, ...TEST_KEYS, accessKeyId: 'nobody' }, hub.root);
  await assert.rejects(wrong.write('x', 'y'), /answers 403/);
  await assert.rejects(wrong.list('x'), /answers 403/);
  const other = bucketStorage({ url: bucket.url.replace('/hub', '/none'), ...TEST_KEYS }, hub.root);
  await assert.rejects(other.read('x'), /answers 404 to GET: .*bucket does not exist/);
  const away = bucketStorage({ url: 'http://127.0.0.1:9/hub', ...TEST_KEYS }, hub.root);
  await assert.rejects(away.facts('x'), /does not answer/);
});

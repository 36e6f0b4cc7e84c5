import assert from 'node:assert/strict';
import { existsSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { parseDigest } from '../model/index.ts';
import { digestOf, TestHub } from '../testing.ts';
import { type Collection, checkHub, collect } from './index.ts';

const GRACE_MS = 3_600_000;
let hub: TestHub;
before(async () => {
  hub = await TestHub.start({ graceMs: GRACE_MS });
});
after(() => hub[Symbol.asyncDispose]());

/** `later`: as if so much time had passed since. */
function run(later: number, isTrial = false): Promise<Collection> {
  const { storage, catalog } = hub.hub.registry;
  return collect({ storage, catalog, log: silentLog, now: Date.now() + later, isTrial });
}

const blobFile = (digest: string): string => {
  const { algorithm, hex } = parseDigest(digest) ?? assert.fail(digest);
  return join(hub.root, 'docker/registry/v2/blobs', algorithm, hex.slice(0, 2), hex, 'data');
};

/** Another process knows no leases. */
const forgetLeases = (): Promise<void> => hub.restart();

test('a blob without a manifest stays for the grace time, and goes after it', async () => {
  const digest = await hub.pushBlob('early', 'its manifest never came');
  assert.deepEqual(await run(GRACE_MS * 2), { blobs: 0, bytes: 0, links: 0, uploads: 0 });
  await forgetLeases();
  assert.equal((await run(0)).blobs, 0);
  assert.deepEqual(await run(GRACE_MS * 2, true), { blobs: 1, bytes: 23, links: 1, uploads: 0 });
  assert.ok(existsSync(blobFile(digest)));
  assert.deepEqual(await run(GRACE_MS * 2), { blobs: 1, bytes: 23, links: 1, uploads: 0 });
  assert.ok(!existsSync(blobFile(digest)));
  assert.equal((await hub.ask('HEAD', `/v2/early/blobs/${digest}`)).status, 404);
});

test('what a client was told of stays, however old it is', async () => {
  const digest = await hub.pushBlob('told', 'asked for by HEAD');
  await forgetLeases();
  assert.equal((await hub.ask('HEAD', `/v2/told/blobs/${digest}`)).status, 200);
  assert.equal((await run(GRACE_MS * 2)).blobs, 0);
  await hub.pushImage('told', 'v1', ['asked for by HEAD']);
  await forgetLeases();
  assert.equal((await run(GRACE_MS * 2)).blobs, 0);
});

test('layers of a deleted image go, those that another image has stay', async () => {
  await hub.pushImage('two/a', 'v1', ['shared', 'only here']);
  await hub.pushImage('two/b', 'v1', ['shared']);
  const { headers } = await hub.ask('HEAD', '/v2/two/a/manifests/v1');
  await hub.ask('DELETE', `/v2/two/a/manifests/${headers.get('docker-content-digest')}`);
  await forgetLeases();
  const done = await run(GRACE_MS * 2);
  assert.equal(done.blobs, 2, 'the manifest and a layer');
  assert.ok(existsSync(blobFile(digestOf('shared'))));
  assert.ok(!existsSync(blobFile(digestOf('only here'))));
  assert.equal((await hub.ask('GET', `/v2/two/b/blobs/${digestOf('shared')}`)).status, 200);
});

test('an image that is pushed while the collector runs is whole afterwards', async () => {
  const pushes = Array.from({ length: 8 }, async (_, index) => {
    await hub.pushImage(`busy/${index}`, 'v1', ['common layer', `layer ${index}`]);
  });
  const runs = Array.from({ length: 8 }, () => run(GRACE_MS * 2));
  await Promise.all([...pushes, ...runs]);
  for (let index = 0; index < 8; index += 1)
    for (const content of ['common layer', `layer ${index}`])
      assert.equal((await hub.ask('GET', `/v2/busy/${index}/blobs/${digestOf(content)}`)).status, 200);
});

test('uploads that nobody went on with are forgotten after a week', async () => {
  const { headers } = await hub.ask('POST', '/v2/left/open/blobs/uploads/');
  const location = headers.get('location') ?? '';
  await run(GRACE_MS * 2);
  assert.equal((await hub.ask('GET', location)).status, 204);
  const old = Date.now() / 1000 - 8 * 24 * 3600;
  const id = location.split('/').at(-1) ?? '';
  utimesSync(join(hub.root, 'docker/registry/v2/repositories/left/open/_uploads', id, 'startedat'), old, old);
  assert.equal((await run(0)).uploads, 1);
  assert.equal((await hub.ask('GET', location)).status, 404);
});

test('damage is found and put right, and only what is damaged goes', async () => {
  const { storage } = hub.hub.registry;
  const findings = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { repository, what, repair } of checkHub(storage, true)) {
      found.push(`${repository}: ${what.replaceAll(/sha256:[a-f0-9]{64}/g, 'X')}`);
      await repair?.();
    }
    return found;
  };
  assert.deepEqual(await findings(), []);
  await hub.pushImage('damaged', 'good', ['good layer']);
  const digest = await hub.pushImage('damaged', 'bad', ['bad layer']);
  writeFileSync(blobFile(digestOf('bad layer')), 'other bytes');
  rmSync(blobFile(digest));
  assert.deepEqual(await findings(), [
    ': blob X is not what its name says',
    'damaged: a link to blob X, which is not there',
    'damaged: manifest X is missing or damaged',
  ]);
  assert.deepEqual(await findings(), []);
  await hub.restart();
  assert.equal((await hub.ask('GET', '/v2/damaged/manifests/bad')).status, 404);
  assert.equal((await hub.ask('GET', '/v2/damaged/manifests/good')).status, 200);
});

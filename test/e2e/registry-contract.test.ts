// What pulls and pushes rely on in a registry: one suite on the fake that tests of pulls misuse, on our hub, and on Debian's registry.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { FakeRegistry } from '../../src/images/pull/testing.ts';
import { sha256 } from '../../src/base/ids.ts';
import { TestHub } from '../../src/hub/testing.ts';
import { DEFAULT_SETTINGS, Registries, type Remote } from '../../src/registry/client/index.ts';
import { MEDIA } from '../../src/spec/oci/index.ts';
import { TestRegistry } from '../support/registry.ts';

const signal = new AbortController().signal;
const registries = new Registries(DEFAULT_SETTINGS);
const LAYER = Buffer.from('a layer of some bytes');
const layers = new AsyncDisposableStack();
after(() => layers.disposeAsync());

function registryContract(name: string, open: () => Promise<string>): void {
  let address: Promise<string> | undefined;
  const remote = async (path = 'team/app'): Promise<Remote> =>
    registries.writer(await (address ??= open()), path, {}, signal);

  test(`${name}: a manifest is the same by its tag and by its digest`, async () => {
    const client = await remote();
    const byTag = await client.manifest('latest', signal);
    const byDigest = await client.manifest(byTag.digest, signal);
    assert.deepEqual(byDigest.content, byTag.content);
    assert.equal(sha256(byTag.content), byTag.digest);
  });

  test(`${name}: a layer comes whole, or from an offset on`, async () => {
    const client = await remote();
    const digest = sha256(LAYER);
    assert.deepEqual(await client.blobWhole(digest, 1000, 'the layer', signal), LAYER);
    const { answer, start } = await client.blob(digest, 5, signal);
    assert.equal(start, 5);
    assert.deepEqual(await buffer(answer.body), LAYER.subarray(5));
  });

  test(`${name}: what is not there is said to be not there`, async () => {
    const client = await remote();
    await assert.rejects(client.manifest('none', signal), { kind: 'notFound' });
    await assert.rejects(client.blobWhole(sha256(Buffer.from('none')), 1000, 'the layer', signal));
  });

  test(`${name}: a manifest that is put under another tag is found there`, async () => {
    const client = await remote();
    const { content, digest, document } = await client.manifest('latest', signal);
    await client.putManifest('other', document.mediaType ?? '', content, signal);
    assert.equal((await client.manifest('other', signal)).digest, digest);
  });
}

registryContract('the fake', async () => {
  const registry = layers.use(await FakeRegistry.start());
  registry.layers('latest', [LAYER]);
  return registry.address;
});

registryContract('the hub', async () => {
  const hub = layers.use(await TestHub.start());
  await hub.pushImage('team/app', 'latest', [LAYER.toString()]);
  return hub.address;
});

registryContract("Debian's registry", async () => {
  const registry = layers.use(await TestRegistry.start());
  await pushImage(registry.address);
  return registry.address;
});

/** What the others have, by our own client. */
async function pushImage(address: string): Promise<void> {
  const to = await registries.writer(address, 'team/app', {}, signal);
  const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
  for (const content of [config, LAYER]) {
    const upload = await to.startUpload(signal);
    await to.finishUpload(
      upload,
      sha256(content),
      { stream: Readable.from([content]), length: content.length },
      signal,
    );
  }
  const part = (mediaType: string, content: Buffer) => ({ mediaType, digest: sha256(content), size: content.length });
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: part(MEDIA.config, config),
    layers: [part(MEDIA.layer, LAYER)],
  };
  await to.putManifest('latest', MEDIA.manifest, Buffer.from(JSON.stringify(manifest)), signal);
}

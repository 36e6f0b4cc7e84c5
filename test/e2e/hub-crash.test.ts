// The hub killed at every point of a push where something is written: what can be seen is whole, and the push can be done again.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createHash } from 'node:crypto';
import { HubProcess } from '../support/hub.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const digestOf = (content: string): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;
/** Another image for each round: what is there already is not written again. */
interface Image {
  readonly name: string;
  readonly blobs: readonly string[];
  readonly manifest: string;
}

function imageOf(round: number): Image {
  const config = JSON.stringify({ round });
  const layer = `a layer of round ${round} `.repeat(1000);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(config), size: config.length },
    layers: [{ mediaType: 'application/octet-stream', digest: digestOf(layer), size: layer.length }],
  });
  return { name: `round/${round}`, blobs: [config, layer], manifest };
}

let folder = '';
before(() => {
  folder = mkdtempSync('/tmp/berth-hub-crash-');
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function push(address: string, { name, blobs, manifest }: Image): Promise<void> {
  for (const content of blobs) {
    const url = `http://${address}/v2/${name}/blobs/uploads/?digest=${digestOf(content)}`;
    assert.equal((await fetch(url, { method: 'POST', body: content })).status, 201);
  }
  const put = await fetch(`http://${address}/v2/${name}/manifests/v1`, {
    method: 'PUT',
    body: manifest,
    headers: { 'Content-Type': MANIFEST },
  });
  assert.equal(put.status, 201);
}

/** Whether the tag is there; when it is, all of it is, and no blob is ever half. */
async function isWhole(address: string, { name, blobs, manifest }: Image): Promise<boolean> {
  const get = async (path: string): Promise<string | undefined> => {
    const answer = await fetch(`http://${address}/v2/${name}/${path}`);
    const text = await answer.text();
    return answer.status === 200 ? text : undefined;
  };
  const there = await Promise.all(blobs.map((content) => get(`blobs/${digestOf(content)}`)));
  for (const [index, text] of there.entries()) if (text !== undefined) assert.equal(text, blobs[index]);
  const found = await get('manifests/v1');
  if (found === undefined) return false;
  assert.equal(found, manifest);
  assert.deepEqual(there, blobs);
  return true;
}

test('kill -9 at any point of a push leaves nothing half, and the next push is whole', async () => {
  const trace = join(folder, 'trace');
  {
    await using hub = await HubProcess.start({ env: { BERTH_FAULT_TRACE: trace } });
    await push(hub.address, imageOf(0));
  }
  const passes = new Map<string, number>();
  for (const point of readFileSync(trace, 'utf8').trim().split('\n')) passes.set(point, (passes.get(point) ?? 0) + 1);
  assert.deepEqual([...passes.keys()].toSorted(), [
    'hub.blob.rename',
    'hub.remove',
    'hub.settle',
    'hub.upload.sync',
    'hub.upload.write',
    'hub.write.rename',
  ]);
  const root = mkdtempSync(join(folder, 'root-'));
  const tried = [...passes].flatMap(([point, count]) => Array.from({ length: count }, (_, n) => `${point}:${n + 1}`));
  // each hub looks at what the one before it left, and then dies at a point of its own
  for (const [round, fault] of [...tried, ''].entries()) {
    await using hub = await HubProcess.start({ root, env: { BERTH_FAULT: fault } });
    if (round > 0) assert.equal(await isWhole(hub.address, imageOf(round - 1)), false, tried[round - 1]);
    if (fault !== '') await assert.rejects(push(hub.address, imageOf(round)), fault);
    else
      for (const again of tried.keys()) {
        await push(hub.address, imageOf(again));
        assert.equal(await isWhole(hub.address, imageOf(again)), true, tried[again]);
      }
  }
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { sha256 } from '../base/ids.ts';
import { MEDIA, type Platform } from '../spec/oci/index.ts';
import type { BuilderContext } from './services/context.ts';
import { withoutLayouts } from './layouts.ts';
import type { BuildRequest } from './model/request.ts';

const platform: Platform = { os: 'linux', architecture: 'amd64' };
const blobs = new Map<string, Buffer>();

function blob(content: unknown): { digest: string; size: number } {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
  const digest = sha256(bytes);
  blobs.set(digest, bytes);
  return { digest, size: bytes.length };
}

const manifest = (architecture: string, layer = blob(Buffer.from(`layer of ${architecture}`))) => ({
  ...blob({
    config: { mediaType: MEDIA.config, ...blob({ architecture }) },
    layers: [{ mediaType: MEDIA.layer, ...layer }],
  }),
  mediaType: MEDIA.manifest,
  platform: { os: 'linux', architecture },
});

/** Names of the members of the archive that the image store gets. */
async function loaded(digest: string): Promise<string[]> {
  let archive = Buffer.alloc(0);
  const load = async (chunks: AsyncIterable<Uint8Array>): Promise<string> => {
    archive = Buffer.concat(await Array.fromAsync(chunks));
    return 'sha256:image';
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the only part that is asked
  const context = { images: { load } } as unknown as BuilderContext;
  const read = async function* (wanted: string) {
    yield blobs.get(wanted) ?? Buffer.alloc(0);
  };
  const contexts = new Map([['base', { kind: 'oci-blobs', read, digest } as const]]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the only part that is asked
  const request = { contexts } as unknown as BuildRequest;
  const found = await withoutLayouts(context, request, platform, 'b', () => undefined, new AbortController().signal);
  assert.deepEqual(found.get('base'), { kind: 'image', reference: 'sha256:image' });
  return spawnSync('tar', ['-t'], { input: archive }).stdout.toString().trim().split('\n');
}

const nameOf = (digest: string): string => `blobs/${digest.replace(':', '/')}`;

test('of an image for several platforms only what is wanted is asked of the client', async () => {
  const [mine, other] = [manifest('amd64'), manifest('arm64')];
  const index = blob({ mediaType: MEDIA.index, manifests: [other, mine] });
  const names = await loaded(index.digest);
  const layer = sha256(Buffer.from('layer of amd64'));
  const config = sha256(Buffer.from(JSON.stringify({ architecture: 'amd64' })));
  assert.deepEqual(names, [...[index.digest, mine.digest, config, layer].map(nameOf), 'index.json']);
});

test('a client that gives more or less than its manifest says is refused', async () => {
  const { digest, size } = blob(Buffer.from('honest'));
  for (const wrong of [size - 1, size + 1, -1, Number.NaN])
    await assert.rejects(loaded(manifest('amd64', { digest, size: wrong }).digest), /another size|has no size/);
  await assert.rejects(loaded(manifest('amd64', { digest: '../../etc/passwd', size: 0 }).digest), /invalid digest/);
});

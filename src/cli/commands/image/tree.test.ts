import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageSummary, ManifestSummary } from '../../../spec/docker/image.ts';
import { imageTree } from './tree.ts';

const image = (name: string, created: number, more: Partial<ImageSummary> = {}): ImageSummary => ({
  Id: `sha256:${String(created).repeat(64).slice(0, 64)}`,
  ParentId: '',
  RepoTags: [name],
  RepoDigests: [],
  Created: created,
  Size: 2_210_000,
  SharedSize: -1,
  Labels: null,
  Containers: 0,
  ...more,
});

const part = (architecture: string, containers: string[] | null): ManifestSummary => ({
  ID: `sha256:${'ab'.repeat(32)}`,
  Descriptor: { mediaType: 'm', digest: `sha256:${'ab'.repeat(32)}`, size: 3 },
  Available: true,
  Size: { Content: 1_500, Total: 4_000 },
  Kind: 'image',
  ImageData: { Platform: { os: 'linux', architecture }, Size: { Unpacked: 2_500 }, Containers: containers },
});

test('platforms stand under their image, the newest first, and what is in use is marked', () => {
  const two = image('multi:1', 2, {
    RepoTags: ['multi:1', 'registry/multi:1'],
    Manifests: [part('amd64', ['c']), part('arm64', null)],
  });
  assert.equal(
    imageTree([image('busybox:latest', 1), two]),
    [
      '                                                 Info ->  U In Use ',
      '',
      'IMAGE              ID             DISK USAGE   CONTENT SIZE   EXTRA',
      'registry/multi:1',
      'multi:1            222222222222          8kB            3kB   U',
      '├─ linux/amd64     abababababab          4kB          1.5kB   U',
      '└─ linux/arm64     abababababab          4kB          1.5kB',
      '',
      'busybox:latest     111111111111       2.21MB             0B',
      '',
    ].join('\n'),
  );
});

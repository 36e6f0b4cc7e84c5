import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerSummary } from '../../spec/docker/index.ts';
import { summaryForVersion } from './containers.ts';

test('lists tell of health from 1.52 on, of annotations from 1.46 and of manifests from 1.48', () => {
  const row = {
    Id: 'c1',
    HostConfig: { NetworkMode: 'bridge', Annotations: { a: 'b' } },
    ImageManifestDescriptor: { mediaType: 'm', digest: 'd', size: 1 },
    Health: { Status: 'none', FailingStreak: 0 },
  } as unknown as ContainerSummary;
  const keys = (minor: number): string[] => Object.keys(summaryForVersion(row, minor) as object);
  assert.deepEqual(keys(52), ['Id', 'HostConfig', 'ImageManifestDescriptor', 'Health']);
  assert.deepEqual(keys(51), ['Id', 'HostConfig', 'ImageManifestDescriptor']);
  assert.deepEqual(keys(47), ['Id', 'HostConfig']);
  assert.deepEqual(summaryForVersion(row, 45), { Id: 'c1', HostConfig: { NetworkMode: 'bridge' } });
});

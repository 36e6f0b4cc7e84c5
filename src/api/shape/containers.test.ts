import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerInspect, ContainerSummary } from '../../spec/docker/index.ts';
import { containerForVersion, summaryForVersion } from './containers.ts';

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

test('users S13: up to 1.44 the short id is an alias on networks with names', () => {
  const Id = '0123456789abcdef';
  const networks = (DNSNames: string[] | null, Aliases: string[] | null) => ({ net: { DNSNames, Aliases } });
  const aliases = (minor: number, names: string[] | null, given: string[] | null): unknown => {
    const container = { Id, Config: {}, NetworkSettings: { Networks: networks(names, given) } };
    const shaped = containerForVersion(container as unknown as ContainerInspect, minor) as typeof container;
    return shaped.NetworkSettings.Networks.net.Aliases;
  };
  const names = ['web', '0123456789ab'];
  assert.deepEqual(aliases(44, names, ['al']), ['al', '0123456789ab']);
  assert.deepEqual(aliases(44, names, null), ['0123456789ab']);
  assert.deepEqual(aliases(45, names, ['al']), ['al']);
  assert.equal(aliases(44, null, null), null, 'the default network has no names');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InfoResponse } from '../../spec/docker/index.ts';
import { infoForVersion } from './info.ts';

test('older clients are told of expected commits and of bridges that are filtered', () => {
  const info = { ContainerdCommit: { ID: '' }, RuncCommit: { ID: '1.1' }, InitCommit: { ID: '' } } as InfoResponse;
  const shaped = (minor: number): string => JSON.stringify(infoForVersion(info, minor));
  assert.match(shaped(46), /"RegistryConfig":{"AllowNondistributableArtifactsCIDRs":null/);
  assert.doesNotMatch(shaped(47), /Nondistributable/);
  assert.match(shaped(48), /"RuncCommit":{"ID":"1.1","Expected":"1.1"}.*"BridgeNfIptables":false/);
  assert.match(shaped(49), /"RuncCommit":{"ID":"1.1"}.*"BridgeNfIp6tables":false/);
  assert.equal(shaped(50), JSON.stringify(info));
});

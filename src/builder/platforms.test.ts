// Platforms as builds are asked for them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostPlatform } from '../spec/oci/index.ts';
import { buildPlatforms } from './platforms.ts';

test('users B12: doubles are one platform, however they are written, and local is this machine', () => {
  const amd64 = { os: 'linux', architecture: 'amd64' };
  const arm = { os: 'linux', architecture: 'arm', variant: 'v7' };
  assert.deepEqual(buildPlatforms(['linux/amd64', ' linux/x86_64', 'linux/arm', 'linux/arm/v7', '']), [amd64, arm]);
  assert.deepEqual(buildPlatforms(['local']), [hostPlatform()]);
  assert.throws(() => buildPlatforms(['linux/']), /failed to parse target platform linux\//);
});

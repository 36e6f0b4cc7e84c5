import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPlatform, parsePlatform } from '../../spec/oci/index.ts';
import { foreignWarnings } from './foreign.ts';

test('images for another processor get a warning, those that this one runs do not', () => {
  const host = parsePlatform('linux/amd64/v3');
  // asked of dockerd 28.5
  for (const foreign of ['linux/arm64', 'linux/arm/v7'])
    assert.deepEqual(foreignWarnings(parsePlatform(foreign), host), [
      `The requested image's platform (${foreign}) does not match the detected host platform (linux/amd64/v3) and no specific platform was requested`,
    ]);
  for (const known of ['linux/386', 'linux/amd64', 'linux/amd64/v2'])
    assert.deepEqual(foreignWarnings(parsePlatform(known), host), [], formatPlatform(parsePlatform(known)));
});

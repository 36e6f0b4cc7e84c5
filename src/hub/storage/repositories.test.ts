import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checkDigest } from '../model/index.ts';
import { digestOf } from '../testing.ts';
import { fileStorage } from './index.ts';
import { tagsPath } from './paths.ts';
import { Repositories } from './repositories.ts';

const root = mkdtempSync(join(tmpdir(), 'hub-repositories-'));
after(() => rmSync(root, { recursive: true, force: true }));

test('limit: tags are read from the disk once, and again after each change, also of one that came while they were read', async () => {
  const driver = fileStorage(root);
  const list = driver.list.bind(driver);
  let reads = 0;
  let during: (() => Promise<void>) | undefined;
  driver.list = async (path) => {
    const names = await list(path);
    if (path === tagsPath('a/b')) reads += 1;
    const work = during;
    during = undefined;
    await work?.();
    return names;
  };
  const repositories = new Repositories(driver);
  const digest = checkDigest(digestOf('x'));
  const other = checkDigest(digestOf('y'));
  await repositories.tag('a/b', 'v2', digest);
  await repositories.tag('a/b', 'v1', digest);
  for (let round = 0; round < 5; round += 1) assert.deepEqual(await repositories.tags('a/b'), ['v1', 'v2']);
  assert.equal(reads, 1);
  // another image under a known name changes no list
  await repositories.tag('a/b', 'v1', other);
  await repositories.tags('a/b');
  assert.equal(reads, 1);
  await repositories.untag('a/b', 'v2');
  assert.deepEqual(await repositories.tags('a/b'), ['v1']);
  await repositories.untag('a/b', 'v1');
  // the folder was read, and then a tag came
  during = () => repositories.tag('a/b', 'late', digest);
  assert.deepEqual(await repositories.tags('a/b'), []);
  assert.deepEqual(await repositories.tags('a/b'), ['late']);
  await repositories.unlinkManifest('a/b', digest);
  assert.deepEqual(await repositories.tags('a/b'), []);
  await repositories.tag('a/b', 'v3', digest);
  await repositories.tags('a/b');
  await repositories.remove('a');
  assert.deepEqual(await repositories.tags('a/b'), []);
});

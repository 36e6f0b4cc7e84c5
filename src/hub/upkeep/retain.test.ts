import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Catalog, openDatabase } from '../metadata/index.ts';
import { fileStorage, openStorage } from '../storage/index.ts';
import { digestOf, INDEX, MANIFEST, TestHub } from '../testing.ts';
import { expiredTags } from './expired-tags.ts';
import { collect } from './collect.ts';
import { planRetention, retain, setRetention } from './retain.ts';
import { silentLog } from '../../base/log.ts';

const DAY = 24 * 3_600_000;
const tag = (name: string, age: number): { name: string; digest: string; pushedAt: number } => ({
  name,
  digest: name,
  pushedAt: -age * DAY,
});

test('the newest and the young stay, the others go with the reason', () => {
  const tags = [tag('build-1', 30), tag('build-2', 20), tag('build-3', 3), tag('build-4', 1), tag('v1', 100)];
  const gone = (keep: number, days: number): string =>
    expiredTags([{ pattern: 'team/*', tags: 'build-*', keep, days }], 'team/app', tags, 0)
      .map((one) => one.tag)
      .sort()
      .join();
  assert.equal(gone(2, 0), 'build-1,build-2');
  assert.equal(gone(1, 7), 'build-1,build-2');
  assert.equal(gone(0, 25), 'build-1');
  assert.equal(gone(9, 0), '');
  assert.deepEqual(expiredTags([{ pattern: 'other', tags: '*', keep: 1, days: 0 }], 'team/app', tags, 0), []);
  const [first] = expiredTags([{ pattern: '*', tags: 'build-*', keep: 3, days: 0 }], 'team/app', tags, 0);
  assert.deepEqual(first, { tag: 'build-1', why: 'number 4 of 4 by build-*, 30 days old' });
});

test('one rule more never lets go what another keeps', () => {
  const rule = fc.record({
    pattern: fc.constant('*'),
    tags: fc.constantFrom('*', 'a*', 'b*'),
    keep: fc.integer({ min: 0, max: 4 }),
    days: fc.integer({ min: 0, max: 9 }),
  });
  const ages = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(9)), {
    selector: ([head, age]) => `${head}${age}`,
  });
  fc.assert(
    fc.property(fc.array(rule, { minLength: 1, maxLength: 3 }), ages, (rules, pairs) => {
      const tags = pairs.map(([head, age]) => tag(`${head}${age}`, age));
      const gone = new Set(expiredTags(rules, 'x', tags, 0).map((one) => one.tag));
      for (const one of rules)
        for (const { name, pushedAt } of tags) {
          if (one.days > 0 && pushedAt > -one.days * DAY && name.startsWith(one.tags.replace('*', '')))
            assert.ok(!gone.has(name));
        }
    }),
  );
});

test('what goes is what was said before: an index with its images, but not what another tag needs', async () => {
  const hub = await TestHub.start();
  const child = await hub.pushImage('team/app', 'kept', ['shared']);
  const own = await hub.pushImage('team/app', 'temporary', ['own']);
  await hub.ask('DELETE', '/v2/team/app/manifests/temporary');
  const entry = (digest: string): object => ({ mediaType: MANIFEST, digest, size: 1 });
  const index = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [entry(child), entry(own)] });
  const put = (name: string): Promise<unknown> =>
    hub.ask('PUT', `/v2/team/app/manifests/${name}`, { body: index, headers: { 'Content-Type': INDEX } });
  for (const name of ['build-1', 'release']) await put(name);
  await hub.pushImage('team/app', 'build-2', ['new']);
  const database = openDatabase(`${hub.root}/hub/hub.db`);
  const storage = openStorage(fileStorage(hub.root), 0);
  const catalog = new Catalog(database);
  const place = { storage, catalog, database, now: Date.now() };
  setRetention(database, { pattern: 'team/*', tags: 'build-*', keep: 1, days: 0 });
  const plan = (): string[] => [...planRetention(place)].map(({ repository, tag: name }) => `${repository}:${name}`);
  const went: string[] = [];
  assert.deepEqual(plan(), ['team/app:build-1']);
  await retain(place, (repository, name) => went.push(`${repository}:${name}`));
  assert.deepEqual(went, ['team/app:build-1']);
  const status = async (reference: string): Promise<number> =>
    (await hub.ask('GET', `/v2/team/app/manifests/${reference}`)).status;
  // the same index has another name
  assert.equal(await status(digestOf(index)), 200);
  setRetention(database, { pattern: 'team/*', tags: 'release', keep: 0, days: 1 });
  const later = { ...place, now: Date.now() + 2 * DAY };
  await retain(later, () => undefined);
  assert.deepEqual([await status(digestOf(index)), await status(own), await status(child)], [404, 404, 200]);
  const { blobs } = await collect({ storage, catalog, log: silentLog, now: Date.now() + DAY, isTrial: false });
  assert.equal(blobs, 3, 'the index, the image of its own, and its layer');
  assert.equal(await status('kept'), 200);
  database.prepare("INSERT INTO rule (kind, pattern, value) VALUES ('immutable', '*', 'build-*')").run();
  setRetention(database, { pattern: 'team/*', tags: 'build-*', keep: 0, days: 1 });
  assert.deepEqual([...planRetention(later)], []);
  database.close();
  await hub[Symbol.asyncDispose]();
});

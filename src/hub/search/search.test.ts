import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hashPassword } from '../access/secrets.ts';
import { TestHub } from '../testing.ts';
import { openDatabase } from '../metadata/index.ts';
import { Search } from './search.ts';

let hub: TestHub;
before(async () => {
  hub = await TestHub.start();
  const described = { annotations: { 'org.opencontainers.image.description': 'A cache in memory' } };
  await hub.pushImage('team/redis', '7', [], described);
  await hub.pushImage('team/redis-exporter', '1', []);
  await hub.pushImage('other/memory_tool', '1', []);
});
after(() => hub[Symbol.asyncDispose]());

async function names(query: string): Promise<string[]> {
  const answer = await hub.ask('GET', `/v1/search?q=${encodeURIComponent(query)}`);
  assert.equal(answer.status, 200);
  return (JSON.parse(answer.body.toString()) as { results: { name: string }[] }).results.map(({ name }) => name);
}

test('the beginnings of words find names and descriptions, the name itself before longer ones', async () => {
  assert.deepEqual(await names('redis'), ['team/redis', 'team/redis-exporter']);
  assert.deepEqual(await names('mem'), ['team/redis', 'other/memory_tool']);
  assert.deepEqual(await names('team exp'), ['team/redis-exporter']);
  assert.deepEqual(await names('nothing'), []);
  assert.equal((await names('')).length, 3);
  // signs of the query language are signs
  for (const query of ['"', 'redis*', 'a OR b', '%', 'NEAR(', '-redis']) await names(query);
});

test('what is pulled more comes first, and the count is in the answer', async () => {
  for (let pull = 0; pull < 3; pull += 1) await hub.ask('GET', '/v2/other/memory_tool/manifests/1');
  assert.deepEqual(await names('mem'), ['other/memory_tool', 'team/redis']);
  const answer = await hub.ask('GET', '/v2/search/repositories/?query=tool&page_size=5');
  const { results } = JSON.parse(answer.body.toString()) as { results: Record<string, unknown>[] };
  assert.deepEqual(
    results.map(({ repo_name, pull_count, repo_owner }) => [repo_name, pull_count, repo_owner]),
    [['other/memory_tool', 3, 'other']],
  );
});

test('nobody finds what they may not pull', async () => {
  const secret = await hashPassword('a password');
  const { accounts } = hub.hub.access;
  accounts.add({ name: 'ada', kind: 'user', secret, isAdmin: false, expiresAt: undefined }, 0);
  accounts.grant('anyone', 'team/redis', 'read');
  assert.deepEqual(await names(''), ['team/redis']);
});

test('it says whether it works, and counts what it did', async () => {
  assert.equal((await hub.ask('GET', '/healthz')).status, 200);
  const text = (await hub.ask('GET', '/metrics')).body.toString();
  assert.match(text, /^hub_requests_total\{method="GET",route="\/v1\/search",status="200"\} \d+$/m);
});

test('limit: words of a question beyond the sixteenth are left out, and a page has a hundred results', async () => {
  const { accounts } = hub.hub.access;
  accounts.grant('anyone', '*', 'read');
  const words = Array.from({ length: 16 }, () => 'redis');
  assert.ok((await names([...words, 'nothing'].join(' '))).includes('team/redis'));
  assert.deepEqual(await names([...words.slice(1), 'nothing'].join(' ')), []);
  const answer = await hub.ask('GET', '/v1/search?q=redis&n=100000');
  assert.equal((JSON.parse(answer.body.toString()) as { page_size: number }).page_size, 100);
});

test('limit: two thousand matches are ranked, the first that were pushed where a word has more', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'berth-search-'));
  const database = openDatabase(join(root, 'hub.db'));
  t.after(() => {
    database.close();
    rmSync(root, { recursive: true });
  });
  const insert = database.prepare('INSERT INTO repository (name, pushed_at, pulls, pullable) VALUES (?, ?, ?, 1)');
  database.exec('BEGIN');
  for (let at = 0; at < 2100; at += 1) insert.run(`team/app${String(at).padStart(4, '0')}`, at, at);
  database.exec('COMMIT');
  const search = new Search(database);
  const found = search.names({ text: 'app' });
  assert.deepEqual([found.length, found[0], found.includes('team/app2099')], [2000, 'team/app1999', false]);
  assert.deepEqual(search.names({ text: 'app2099' }), ['team/app2099']);
  // without words, and with a condition, the best of all of them
  for (const question of [{ text: '' }, { text: 'app', minSize: 0 }]) {
    const best = search.names(question);
    assert.deepEqual([best.length, best[0]], [2000, 'team/app2099']);
  }
});

import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { type Answer, digestOf, TestHub } from '../testing.ts';
import { Audit } from './audit.ts';
import { hashPassword, matchesSecret, newRobotSecret } from './secrets.ts';
import { Throttle } from './throttle.ts';
import { parseScope } from './tokens.ts';

let hub: TestHub;
const PASSWORDS: Readonly<Record<string, string>> = { ada: 'ada knows it', bob: 'bob knows it', root: 'root knows it' };
const basic = (name: string, secret = PASSWORDS[name] ?? ''): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`,
});

before(async () => {
  hub = await TestHub.start({ pullLimit: { pulls: 1000, seconds: 60 } });
  for (const [name, password] of Object.entries(PASSWORDS)) {
    const secret = await hashPassword(password);
    accounts().add({ name, kind: 'user', secret, isAdmin: name === 'root', expiresAt: undefined }, 0);
  }
  accounts().join('devs', 'ada');
  accounts().grant('@devs', 'team/*', 'write');
  accounts().grant('anyone', 'public/*', 'read');
  await hub.pushImage('team/app', 'v1', ['team layer'], {}, basic('ada'));
  await hub.pushImage('public/app', 'v1', ['public layer'], {}, basic('root'));
});
after(() => hub[Symbol.asyncDispose]());

const accounts = () => hub.hub.access.accounts;
const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> => hub.ask('GET', path, { headers });
const status = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
  (await get(path, headers)).status;

/** As a client does it: the challenge says where to ask, and for what. */
async function tokenFor(path: string, headers: Record<string, string> = {}): Promise<Record<string, string>> {
  const challenge = (await get(path)).headers.get('www-authenticate') ?? '';
  const part = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? '';
  const query = new URLSearchParams({ service: part('service'), ...(part('scope') ? { scope: part('scope') } : {}) });
  const answer = await get(`${part('realm')}?${query.toString()}`, headers);
  assert.equal(answer.status, 200, answer.body.toString());
  return { Authorization: `Bearer ${(JSON.parse(answer.body.toString()) as { token: string }).token}` };
}

test('a stranger is told where a token is to be had, and learns nothing else', async () => {
  const answer = await get('/v2/team/app/manifests/v1');
  assert.deepEqual([answer.status, answer.code], [401, 'UNAUTHORIZED']);
  assert.equal(
    answer.headers.get('www-authenticate'),
    `Bearer realm="http://${hub.address}/token",service="${hub.address}",scope="repository:team/app:pull"`,
  );
  assert.equal(await status('/v2/no/such/manifests/v1'), 401);
  assert.equal(await status('/v2/'), 401);
});

test('a member of a team pulls and pushes by Basic and by token, and does not delete', async () => {
  const path = '/v2/team/app/manifests/v1';
  for (const headers of [basic('ada'), await tokenFor(path, basic('ada'))])
    assert.equal(await status(path, headers), 200);
  assert.equal(await status('/v2/', basic('ada')), 200);
  const refused = await hub.ask('DELETE', path, { headers: basic('ada') });
  assert.deepEqual([refused.status, refused.code], [403, 'DENIED']);
  assert.equal(await status(path, basic('bob')), 403);
});

test('everybody pulls what is open to anyone, with a token and without, and nobody pushes there', async () => {
  assert.equal(await status('/v2/public/app/manifests/v1'), 200);
  const headers = await tokenFor('/v2/');
  assert.equal(await status('/v2/public/app/manifests/v1', headers), 200);
  const push = await hub.ask('POST', '/v2/public/app/blobs/uploads/', { headers });
  assert.equal(push.status, 401);
  assert.equal((await hub.ask('POST', '/v2/public/app/blobs/uploads/', { headers: basic('bob') })).status, 403);
});

test('a user does everything below the own name, and the catalog shows what one may pull', async () => {
  await hub.pushImage('bob/own', 'v1', ['x'], {}, basic('bob'));
  assert.equal((await hub.ask('DELETE', '/v2/bob/own/manifests/v1', { headers: basic('bob') })).status, 202);
  const names = async (headers: Record<string, string>): Promise<string[]> =>
    (JSON.parse((await get('/v2/_catalog', headers)).body.toString()) as { repositories: string[] }).repositories;
  assert.deepEqual(await names(basic('bob')), ['bob/own', 'public/app']);
  assert.deepEqual(await names(basic('root')), ['bob/own', 'public/app', 'team/app']);
});

test('fault I22: a blob is mounted from where the caller may pull, and from nowhere else', async () => {
  const digest = digestOf('team layer');
  for (const query of [`mount=${digest}&from=team/app`, `mount=${digest}`]) {
    const path = `/v2/bob/stolen/blobs/uploads/?${query}`;
    assert.equal((await hub.ask('POST', path, { headers: basic('bob') })).status, 202);
    assert.equal((await hub.ask('POST', path, { headers: basic('root') })).status, 201);
    await hub.ask('DELETE', `/v2/bob/stolen/blobs/${digest}`, { headers: basic('root') });
  }
});

test('fault I23: what is revoked is not readable any more, with a token of before or without', async () => {
  accounts().grant('bob', 'team/app', 'read');
  const path = '/v2/team/app/manifests/v1';
  const token = await tokenFor(path, basic('bob'));
  assert.equal(await status(path, token), 200);
  accounts().revoke('bob', 'team/app');
  assert.equal(await status(path, token), 403);
  assert.equal(await status(`/v2/team/app/blobs/${digestOf('team layer')}`, token), 403);
});

test('a token is for what it was asked for, and one that is changed is none', async () => {
  const token = await tokenFor('/v2/team/app/manifests/v1', basic('ada'));
  const push = await hub.ask('POST', '/v2/team/app/blobs/uploads/', { headers: token });
  assert.equal(push.status, 401);
  assert.match(
    push.headers.get('www-authenticate') ?? '',
    /scope="repository:team\/app:pull,push",error="insufficient_scope"/,
  );
  const [head, body = '', signature] = (token['Authorization'] ?? '').split('.');
  const forged = Buffer.from(Buffer.from(body, 'base64url').toString().replace('"ada"', '"root"')).toString(
    'base64url',
  );
  assert.equal(await status('/v2/', { Authorization: `${head}.${forged}.${signature}` }), 401);
});

test('a refresh token gives tokens until the password is another', async () => {
  const post = (form: Record<string, string>): Promise<Answer> =>
    hub.ask('POST', '/token', {
      body: new URLSearchParams({ service: hub.address, ...form }).toString(),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
  const login = { grant_type: 'password', username: 'bob', password: PASSWORDS['bob'] ?? '', access_type: 'offline' };
  const { refresh_token = '' } = JSON.parse((await post(login)).body.toString()) as { refresh_token?: string };
  const refresh = { grant_type: 'refresh_token', refresh_token, scope: 'repository:bob/own:pull' };
  const again = JSON.parse((await post(refresh)).body.toString()) as { access_token: string; scope: string };
  assert.equal(again.scope, 'repository:bob/own:pull');
  accounts().setSecret('bob', await hashPassword('bob has another'));
  assert.equal((await post(refresh)).status, 401);
  assert.equal(await status('/v2/', { Authorization: `Bearer ${again.access_token}` }), 401);
  accounts().setSecret('bob', await hashPassword(PASSWORDS['bob'] ?? ''));
});

test('a robot works until it expires', async () => {
  const { secret, kept } = newRobotSecret();
  const robot = { kind: 'robot', secret: kept, isAdmin: false } as const;
  accounts().add({ ...robot, name: 'robot-ci', expiresAt: Date.now() + 60_000 }, 0);
  accounts().add({ ...robot, name: 'robot-old', expiresAt: Date.now() - 1 }, 0);
  accounts().grant('robot-ci', 'team/app', 'read');
  assert.equal(await status('/v2/team/app/manifests/v1', basic('robot-ci', secret)), 200);
  assert.equal(await status('/v2/team/app/manifests/v1', basic('robot-old', secret)), 401);
});

test('fault I23: an unknown user takes as long as a wrong password', async () => {
  const kept = await hashPassword('right');
  const took = async (secret: string | undefined): Promise<number> => {
    const times: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const before = process.hrtime.bigint();
      assert.equal(await matchesSecret(secret, 'wrong', false), false);
      times.push(Number(process.hrtime.bigint() - before));
    }
    return Math.min(...times);
  };
  const [known, unknown] = [await took(kept), await took(undefined)];
  assert.ok(unknown > known / 2 && unknown < known * 2, `${known} and ${unknown} ns`);
  assert.equal(await matchesSecret(kept, 'right', false), true);
});

test('an immutable tag stays, and a quota holds', async () => {
  const { rules } = hub.hub.access;
  rules.set({ kind: 'immutable', pattern: 'team/*', value: 'v*' });
  await assert.rejects(hub.pushImage('team/app', 'v1', ['changed'], {}, basic('ada')), /403.*immutable/);
  await hub.pushImage('team/app', 'latest', ['changed'], {}, basic('ada'));
  await hub.pushImage('team/app', 'latest', ['changed again'], {}, basic('ada'));
  assert.equal((await hub.ask('DELETE', '/v2/team/app/manifests/v1', { headers: basic('root') })).status, 403);
  rules.set({ kind: 'quota', pattern: 'bob/*', value: '1000' });
  await hub.pushBlob('bob/a', 'x'.repeat(800), basic('bob'));
  await assert.rejects(hub.pushBlob('bob/b', 'y'.repeat(800), basic('bob')), /403.*quota of bob/);
  rules.remove('quota', 'bob/*');
});

test('answers say how many pulls are left, and too many are refused with the time to wait', async () => {
  const answer = await get('/v2/public/app/manifests/v1');
  assert.match(answer.headers.get('ratelimit-limit') ?? '', /^1000;w=60$/);
  assert.match(answer.headers.get('ratelimit-remaining') ?? '', /^9\d\d;w=60$/);
  let now = 0;
  const throttle = new Throttle(2, 1000, () => now);
  assert.deepEqual(
    [1, 2, 3].map(() => throttle.count('a').remaining),
    [1, 0, -1],
  );
  assert.equal(throttle.count('b').remaining, 1);
  now = 1000;
  assert.equal(throttle.count('a').remaining, 1);
});

test('the trail says who did what from where', () => {
  const [entry] = hub.hub.access.audit.list(1000).filter(({ action }) => action === 'delete');
  assert.ok(entry);
  assert.deepEqual([entry.address, entry.repository !== '', entry.what !== ''], ['127.0.0.1', true, true]);
});

test('wrong passwords are refused for a while, and recorded', async () => {
  const codes = new Set<number>();
  for (let attempt = 0; attempt < 22; attempt += 1)
    codes.add(await status('/token?service=x', basic('ada', `guess ${attempt}`)));
  assert.deepEqual([...codes], [401, 429]);
  assert.ok(
    hub.hub.access.audit.list(10).some(({ action, account }) => action === 'login failed' && account === 'ada'),
  );
});

test('a scope is read from both ends, since names may hold what stands between', () => {
  assert.deepEqual(parseScope('repository:a/b:pull,push'), {
    type: 'repository',
    name: 'a/b',
    actions: ['pull', 'push'],
  });
  assert.deepEqual(parseScope('repository(plugin):host:5000/a:*')?.name, 'host:5000/a');
  assert.equal(parseScope('repository'), undefined);
});

test('limit: a name that is longer than any is neither counted nor written down whole', async () => {
  const before = Date.now();
  for (let times = 0; times < 25; times += 1) assert.equal(await status('/v2/', basic('n'.repeat(300), 'x')), 401);
  assert.ok(Date.now() - before < 5000);
  const form = new URLSearchParams({ grant_type: 'password', username: 'n'.repeat(50_000), password: 'x' });
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  assert.equal((await hub.ask('POST', '/token', { headers, body: form.toString() })).status, 401);
  assert.equal(hub.hub.access.audit.list(1)[0]?.account.length, 64);
});

test('limit: of the audit trail the newest entries stay', () => {
  const database = new DatabaseSync(':memory:');
  database.exec(
    'CREATE TABLE audit (id INTEGER PRIMARY KEY, at INTEGER, account TEXT, address TEXT, action TEXT, repository TEXT, what TEXT)',
  );
  const audit = new Audit(database, 500);
  const entry = { account: 'a', address: '', action: 'push', repository: 'r', what: '' };
  for (let at = 1; at <= 2000; at += 1) audit.add({ ...entry, at });
  const kept = audit.list(5000);
  assert.deepEqual([kept.length, kept[0]?.at, kept.at(-1)?.at], [500, 2000, 1501]);
  database.close();
});

test('limit: an account has fifty personal tokens', () => {
  const key = { account: 'bob', name: 'k', role: 'read', expiresAt: undefined } as const;
  for (let at = 0; at < 50; at += 1) accounts().addKey(`key${at}`, { ...key, secret: `secret${at}` }, at);
  const beyond = (): void => accounts().addKey('beyond', { ...key, secret: 'beyond' }, 50);
  assert.throws(beyond, /50 tokens at most/);
  accounts().addKey('ada1', { ...key, account: 'ada', secret: 'ada1' }, 50);
  accounts().removeKey('bob', 'key0');
  beyond();
  assert.equal(accounts().keysOf('bob').length, 50);
});

test('limit: scopes of one token', async () => {
  const scopes = Array.from({ length: 70 }, (_, at) => `scope=repository:team/r${at}:pull`).join('&');
  const answer = await get(`/token?service=${hub.address}&${scopes}`, basic('ada'));
  assert.equal(answer.status, 200);
  const { token } = JSON.parse(answer.body.toString()) as { token: string };
  const { access } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    access: unknown[];
  };
  assert.equal(access.length, 64);
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { hashPassword } from '../access/secrets.ts';
import { MAX_README } from '../metadata/index.ts';
import { type Answer, TestHub } from '../testing.ts';
import { renderReadme } from './readme.ts';

const PASSWORD = 'a long password';
const HOSTILE = '"><script>alert(1)</script>';

let hub: TestHub;
before(async () => {
  hub = await TestHub.start();
  const annotations = { 'org.opencontainers.image.description': HOSTILE, [HOSTILE]: HOSTILE };
  await hub.pushImage('team/app', '1', ['one'], { annotations });
  await hub.pushImage('secret/app', '1', ['two']);
  const secret = await hashPassword(PASSWORD);
  const { accounts } = hub.hub.access;
  accounts.add({ name: 'ada', kind: 'user', secret, isAdmin: true, expiresAt: undefined }, 0);
  accounts.add({ name: 'bob', kind: 'user', secret, isAdmin: false, expiresAt: undefined }, 0);
  accounts.grant('anyone', 'team/*', 'read');
  accounts.grant('bob', 'team/*', 'write');
});
after(() => hub[Symbol.asyncDispose]());

const page = async (path: string, headers: Record<string, string> = {}): Promise<{ answer: Answer; text: string }> => {
  const answer = await hub.ask('GET', path, { headers });
  return { answer, text: answer.body.toString() };
};

const sealOf = (text: string): string => /name="seal" value="([^"]+)"/.exec(text)?.[1] ?? '';

async function send(
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const body = new URLSearchParams(fields).toString();
  return hub.ask('POST', path, { body, headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers } });
}

async function login(name: string): Promise<{ Cookie: string }> {
  const { text } = await page('/login');
  const answer = await send('/login', { name, password: PASSWORD, seal: sealOf(text), back: '/r/team/app' });
  assert.equal(answer.status, 303);
  assert.equal(answer.headers.get('location'), '/r/team/app');
  const cookie = answer.headers.get('set-cookie') ?? '';
  assert.match(cookie, /; HttpOnly; SameSite=Lax$/);
  return { Cookie: cookie.split(';', 1)[0] ?? '' };
}

test('what others wrote is text on every page', async () => {
  for (const path of [
    '/',
    `/?q=${encodeURIComponent(HOSTILE)}`,
    '/r/team/app',
    '/r/team/app/-/tags/1',
    `/r/${HOSTILE}`,
  ]) {
    const { text, answer } = await page(path);
    assert.match(
      answer.headers.get('content-security-policy') ?? '',
      /^default-src 'none'; style-src 'self'; script-src 'self';/,
    );
    assert.ok(!text.includes('<script>'), path);
  }
});

test('who has no right sees no more than who names what is not there', async () => {
  assert.ok(!(await page('/')).text.includes('secret/app'));
  const [hidden, none] = [await page('/r/secret/app'), await page('/r/secret/nothing')];
  assert.equal(hidden.answer.status, 404);
  assert.equal(hidden.text.replaceAll('secret/app', ''), none.text.replaceAll('secret/nothing', ''));
  const ada = await login('ada');
  assert.equal((await page('/r/secret/app', ada)).answer.status, 200);
});

test('a page speaks the language that the browser asks for, or that was chosen', async () => {
  assert.match((await page('/', { 'Accept-Language': 'ko-KR,ko;q=0.9' })).text, /<html lang="ko">[^]*많이 받은 저장소/);
  assert.match((await page('/', { 'Accept-Language': 'de,ko' })).text, /<html lang="ko">/);
  const chosen = await hub.ask('GET', '/_/language?to=ko&back=//evil.example');
  assert.equal(chosen.headers.get('location'), '/');
  assert.match((await page('/', { Cookie: 'hub_language=ko' })).text, /<html lang="ko">/);
});

test('a form changes something only with the seal of its own session, from our own pages', async () => {
  const ada = await login('ada');
  const bob = await login('bob');
  const seal = sealOf((await page('/r/team/app', ada)).text);
  const star = (fields: Record<string, string>, headers: Record<string, string>): Promise<Answer> =>
    send('/r/team/app/-/star', { star: 'yes', ...fields }, headers);
  assert.equal((await star({}, ada)).status, 403);
  assert.equal((await star({ seal }, bob)).status, 403);
  assert.equal((await star({ seal }, { ...ada, 'Sec-Fetch-Site': 'cross-site' })).status, 403);
  assert.equal((await star({ seal }, { ...ada, Origin: 'https://evil.example' })).status, 403);
  assert.equal((await star({ seal }, {})).status, 403);
  assert.ok(!(await page('/r/team/app', ada)).text.includes('★ 1'));
  assert.equal((await star({ seal }, { ...ada, Origin: `http://${hub.address}` })).status, 303);
  assert.ok((await page('/r/team/app', ada)).text.includes('★ 1'));
});

test('a readme is Markdown without HTML, scripts or pictures of elsewhere', async () => {
  const bob = await login('bob');
  const seal = sealOf((await page('/r/team/app/-/edit', bob)).text);
  const readme = `# Title\n${HOSTILE}\n[a](javascript:alert(1)) [b](data:text/html,x) ![c](https://example.com/x.png) <https://example.com>`;
  assert.equal((await send('/r/team/app/-/edit', { seal, description: 'An app', readme }, bob)).status, 303);
  const { text } = await page('/r/team/app');
  assert.match(text, /<h3>Title<\/h3>/);
  assert.ok(!/<script>|<img|href="(javascript|data):/.test(text));
  assert.match(text, /<a href="https:\/\/example\.com" rel="nofollow noopener noreferrer">/);
});

test('safety H3: a readme that is bad for its reader is no long work, and a long paragraph keeps its own links', () => {
  const start = process.threadCpuUsage().user;
  for (const part of ['http://a.b/(', '((((http://a.b', '[', '![', '[a][', '*a **b ', '> ', '- ', '`', '<', 'a@b.c '])
    for (const text of [
      part.repeat(MAX_README / part.length),
      `${part.repeat(2048 / part.length)}\n\n`.repeat(MAX_README / 2050),
    ])
      renderReadme(text);
  assert.ok(process.threadCpuUsage().user - start < 20_000_000, `${process.threadCpuUsage().user - start}`);
  const long = `https://a.example ${'word '.repeat(1000)}[b](https://b.example)`;
  assert.match(renderReadme(long).toString(), /<p>https:\/\/a.example word .*<a href="https:\/\/b.example"/);
  assert.match(renderReadme('see https://a.example').toString(), /<a href="https:\/\/a.example"/);
});

test('a personal token does what its role says, makes no other, and ends with its removal', async () => {
  const bob = await login('bob');
  const seal = sealOf((await page('/settings', bob)).text);
  const made = await send('/settings/tokens', { seal, name: 'ci', role: 'read', days: '30' }, bob);
  const secret = /<code id="token">([^<]+)</.exec(made.body.toString())?.[1] ?? '';
  const headers = { Authorization: `Basic ${Buffer.from(`bob:${secret}`).toString('base64')}` };
  assert.equal((await hub.ask('GET', '/v2/team/app/manifests/1', { headers })).status, 200);
  assert.equal((await hub.ask('POST', '/v2/team/app/blobs/uploads/', { headers })).status, 403);
  const asked = await hub.ask('GET', '/token?scope=repository:team/app:pull,push', { headers });
  const { token, scope } = JSON.parse(asked.body.toString()) as { token: string; scope: string };
  assert.equal(scope, 'repository:team/app:pull');
  const bearer = { Authorization: `Bearer ${token}` };
  assert.equal((await hub.ask('GET', '/v2/team/app/manifests/1', { headers: bearer })).status, 200);
  const entered = await send('/login', { name: 'bob', password: secret, seal: sealOf((await page('/login')).text) });
  const small = { Cookie: (entered.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '' };
  assert.equal((await page('/settings', small)).answer.status, 403);
  const id = /name="id" value="([^"]+)"/.exec((await page('/settings', bob)).text)?.[1] ?? '';
  assert.equal((await send('/settings/tokens/revoke', { seal, id }, bob)).status, 303);
  for (const gone of [headers, bearer])
    assert.equal((await hub.ask('GET', '/v2/team/app/manifests/1', { headers: gone })).status, 401);
});

test('a new password ends other sessions, not this one; admins only see who may do what', async () => {
  const other = await login('bob');
  const bob = await login('bob');
  assert.equal((await page('/access', bob)).answer.status, 403);
  const seal = sealOf((await page('/settings', bob)).text);
  const wrong = await send('/settings/password', { seal, old: 'wrong', new: 'another long one' }, bob);
  assert.match(wrong.body.toString(), /role="alert"/);
  const right = await send('/settings/password', { seal, old: PASSWORD, new: 'another long one' }, bob);
  const renewed = { Cookie: (right.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '' };
  assert.equal((await page('/settings', renewed)).answer.status, 200);
  assert.equal((await page('/settings', other)).answer.status, 303);
  const ada = await login('ada');
  const { text } = await page('/access', ada);
  const granted = await send(
    '/access/grant',
    { seal: sealOf(text), subject: 'anyone', pattern: 'secret/*', role: 'read' },
    ada,
  );
  assert.equal(granted.status, 303);
  assert.equal((await page('/r/secret/app')).answer.status, 200);
  assert.match((await page('/activity', ada)).text, /anyone secret\/\* read/);
});

test('a layer that is no archive is said to be none', async () => {
  const { answer, text } = await page('/r/team/app/-/contents/1');
  assert.equal(answer.status, 422);
  assert.match(text, /The layers cannot be read/);
});

// The pages of the hub in Debian's Chromium: from search to a pull command, login, star, token, layers, what changed; by keyboard, on a
// phone, in the dark, in Korean, without script; and what axe-core finds. `npm run browser`; SCREENSHOTS=FOLDER keeps pictures.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { hashPassword } from '../../src/hub/access/secrets.ts';
import { TestHub } from '../../src/hub/testing.ts';
import { pushSamples } from './samples.ts';

const PROGRAM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync'];
const PASSWORD = 'a long password';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SCREENSHOTS = process.env['SCREENSHOTS'];

let hub: TestHub;
let browser: Browser;
const problems: string[] = [];

before(async () => {
  hub = await TestHub.start();
  const { accounts } = hub.hub.access;
  await pushSamples(hub);
  accounts.add(
    { name: 'ada', kind: 'user', secret: await hashPassword(PASSWORD), isAdmin: true, expiresAt: undefined },
    Date.now(),
  );
  accounts.grant('anyone', 'team/*', 'read');
  browser = await chromium.launch({ executablePath: PROGRAM, args: FLAGS });
});
after(async () => {
  await browser?.close();
  await hub[Symbol.asyncDispose]();
});

async function open(
  path: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; context: BrowserContext }> {
  const context = await browser.newContext({ viewport: { width: 1100, height: 800 }, locale: 'en', ...options });
  const page = await context.newPage();
  page.on('console', (message) => {
    // what the policy refuses and what a script trips over is said on the console
    if (message.type() === 'error' && !message.text().includes('status of 4')) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  await page.goto(`http://${hub.address}${path}`);
  return { page, context };
}

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** Fails on what axe calls serious or critical. */
async function checkAccess(page: Page): Promise<void> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<{ violations: readonly Finding[] }>('axe.run()');
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const text = serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary ?? ''}`);
  assert.deepEqual(text, [], page.url());
  // nothing is wider than the window
  assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${page.url()} is too wide`);
}

async function picture(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS) await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

async function login(page: Page): Promise<void> {
  await page.goto(`http://${hub.address}/login`);
  await page.getByLabel('Account').fill('ada');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('main').getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('button', { name: 'Log out' }).waitFor();
}

test('from search to a pull command on the clipboard', async () => {
  const { page, context } = await open('/');
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.keyboard.press('/');
  await page.keyboard.type('orders');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: '1 repository found' }).waitFor();
  await checkAccess(page);
  // down the list by key, and in
  await page.locator('h1').click();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'team/shop' }).waitFor();
  await page.getByRole('button', { name: 'Copy' }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  assert.equal(await page.evaluate('navigator.clipboard.readText()'), `docker pull ${hub.address}/team/shop:latest`);
  await checkAccess(page);
  await picture(page, 'repository');
  await context.close();
});

test('an image by platform, its layers as a map, and what changed since the tag before', async () => {
  const { page, context } = await open('/r/team/shop/-/tags/1.1');
  await page.getByText('RUN apt-get install -y ca-certificates').first().waitFor();
  await page.getByRole('link', { name: 'linux/arm64' }).click();
  assert.equal(await page.locator('[aria-current=true]').textContent(), 'linux/arm64');
  await checkAccess(page);
  await page.getByRole('link', { name: 'All layers together' }).click();
  await page.getByRole('group', { name: 'What takes the space in the root' }).waitFor();
  await checkAccess(page);
  await picture(page, 'contents');
  await page.locator('svg a').first().click();
  await page.getByRole('link', { name: 'One folder up' }).waitFor();
  await page.goto(`http://${hub.address}/r/team/shop/-/compare?from=1.0&to=1.1`);
  const row = page.getByRole('row', { name: /^openssl/ });
  assert.match((await row.textContent()) ?? '', /3\.0\.1.*3\.0\.2/s);
  await checkAccess(page);
  await picture(page, 'compare');
  await context.close();
});

test('log in, star, write a readme, make a token that the registry takes, and revoke it', async () => {
  const { page, context } = await open('/login');
  await checkAccess(page);
  await login(page);
  await page.goto(`http://${hub.address}/r/team/shop`);
  await page.getByRole('button', { name: '☆ Star' }).click();
  await page.getByRole('button', { name: '★ Remove star' }).waitFor();
  await page.getByRole('link', { name: 'Edit' }).click();
  await checkAccess(page);
  await page
    .getByLabel('Readme')
    .fill(
      '# Shop\n\n<script>document.title = "taken"</script>\n\n[bad](javascript:alert(1)) [good](https://example.com)',
    );
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'Shop', exact: true }).waitFor();
  assert.equal(await page.title(), 'team/shop · Hub');
  assert.equal(await page.locator('.readme a').count(), 1);
  await checkAccess(page);
  await page.goto(`http://${hub.address}/settings`);
  await page.getByLabel('New token').fill('laptop');
  await page.getByLabel('May').selectOption('read');
  await page.getByRole('button', { name: 'Create' }).click();
  const token = (await page.locator('#token').textContent()) ?? '';
  await checkAccess(page);
  const headers = { Authorization: `Basic ${Buffer.from(`ada:${token}`).toString('base64')}` };
  assert.equal((await hub.ask('GET', '/v2/team/shop/manifests/1.1', { headers })).status, 200);
  assert.equal((await hub.ask('POST', '/v2/team/shop/blobs/uploads/', { headers })).status, 403);
  await page.getByRole('button', { name: 'Revoke: laptop' }).click();
  await page.getByRole('button', { name: 'Revoke: laptop' }).waitFor({ state: 'detached' });
  assert.equal((await hub.ask('GET', '/v2/team/shop/manifests/1.1', { headers })).status, 401);
  for (const path of ['/access', '/activity', '/collections']) {
    await page.goto(`http://${hub.address}${path}`);
    await checkAccess(page);
  }
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('link', { name: 'Log in' }).waitFor();
  await context.close();
});

test('on a phone, in the dark, in Korean', async () => {
  const phone: BrowserContextOptions = { viewport: { width: 360, height: 720 }, colorScheme: 'dark', locale: 'ko-KR' };
  const { page, context } = await open('/', phone);
  assert.equal(await page.locator('html').getAttribute('lang'), 'ko');
  await page.getByRole('heading', { name: '많이 받은 저장소' }).waitFor();
  for (const path of [
    '/',
    '/r/team/shop',
    '/r/team/shop/-/tags/1.1',
    '/r/team/shop/-/contents/1.1',
    '/login',
    '/r/none',
  ]) {
    await page.goto(`http://${hub.address}${path}`);
    await checkAccess(page);
    if (path.endsWith('tags/1.1')) await picture(page, 'phone');
  }
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('heading', { name: 'This page is not here' }).waitFor();
  await context.close();
});

test('without script everything can be read, and forms work', async () => {
  const { page, context } = await open('/', { javaScriptEnabled: false });
  await page.getByLabel('Search repositories').fill('shop');
  await page.getByRole('button', { name: 'Search' }).click();
  await page.getByRole('link', { name: 'team/shop' }).click();
  assert.equal(await page.getByRole('button', { name: 'Copy' }).isVisible(), false);
  await page.getByRole('link', { name: '1.1', exact: true }).click();
  await page.getByRole('link', { name: 'All layers together' }).click();
  await page.getByRole('cell', { name: 'usr/' }).waitFor();
  await login(page);
  await context.close();
});

test('a form of another site changes nothing', async () => {
  const { page, context } = await open('/');
  await login(page);
  const foreign = `<form method="post" action="http://${hub.address}/r/team/mail/-/star"><input name="star" value="yes"><button>go</button></form>`;
  await page.route('http://foreign.test/', (route) => route.fulfill({ contentType: 'text/html', body: foreign }));
  await page.goto('http://foreign.test/');
  await page.getByRole('button', { name: 'go' }).click();
  await page.waitForURL(/\/star$/);
  await page.goto(`http://${hub.address}/r/team/mail`);
  await page.getByRole('button', { name: '☆ Star' }).waitFor();
  await context.close();
});

test('no page broke the policy, and the script is small', async () => {
  assert.deepEqual(problems, []);
  const { page, context } = await open('/');
  const script = await page.locator('script').getAttribute('src');
  assert.ok((await hub.ask('GET', script ?? '')).body.length < 100 * 1024);
  await context.close();
});

// One's own account: password, access tokens, starred repositories.
import { randomUUID } from 'node:crypto';
import { type Access, hashPassword, newPersonalSecret, type Role, ROLES } from '../access/index.ts';
import { RegistryError } from '../model/index.ts';
import { checkedForm } from './form.ts';
import { html, type Markup } from './markup.ts';
import { type PageCall, redirect, repositoryPath, sealField, sendPage, timeMark } from './page.ts';
import type { Words } from './languages.ts';

const MIN_PASSWORD = 8;
const MAX_NAME = 100;
const DAY_MS = 24 * 3_600_000;
const DAYS = [30, 90, 365];

type Account = NonNullable<PageCall['session']['who']['account']>;

/** Throws DENIED for a session that a token opened: it must not make more of itself. */
function ownerOf({ session }: PageCall): Account {
  const { account } = session.who;
  if (!account || account.key) throw new RegistryError('DENIED', { message: 'a login with the password is needed' });
  return account;
}

export function showSettings(call: PageCall, note?: Markup): void {
  const { desk, session, words } = call;
  if (!session.who.account) {
    redirect(call.exchange, '/login?back=/settings');
    return;
  }
  const account = ownerOf(call);
  const keys = desk.access.accounts.keysOf(account.name);
  const starred = desk.browser.starred(account.name).filter((name) => session.who.may(name, 'pull'));
  const body = html`<h1>${words.settings}: ${account.name}</h1>
${note}
<h2>${words.tokens}</h2><p class="soft">${words.tokensHint}</p>
${keys.length > 0 && tokenTable(call, keys)}
<form method="post" action="/settings/tokens" class="fields">${sealField(session)}
<label>${words.newToken} <input name="name" required maxlength="${MAX_NAME}" placeholder="${words.name}"></label>
<label>${words.mayDo} <select name="role">${ROLES.map((role) => html`<option value="${role}">${mayText(role, words)}</option>`)}</select></label>
<label>${words.expires} <select name="days">${DAYS.map((days) => html`<option value="${days}">${words.days(days)}</option>`)}<option value="0">${words.never}</option></select></label>
<button>${words.create}</button></form>
<h2>${words.changePassword}</h2>
<form method="post" action="/settings/password" class="stack">${sealField(session)}
<label>${words.oldPassword} <input name="old" type="password" autocomplete="current-password" required></label>
<label>${words.newPassword} <input name="new" type="password" autocomplete="new-password" required minlength="${MIN_PASSWORD}"></label>
<button>${words.save}</button></form>
${starred.length > 0 && html`<h2>${words.starred}</h2><ul>${starred.map((name) => html`<li><a href="${repositoryPath(name)}">${name}</a></li>`)}</ul>`}`;
  sendPage(call, { title: words.settings, body });
}

function tokenTable(call: PageCall, keys: ReturnType<Access['accounts']['keysOf']>): Markup {
  const { session, words } = call;
  return html`<div class="scroll"><table><thead><tr><th scope="col">${words.name}</th><th scope="col">${words.mayDo}</th><th scope="col">${words.created}</th><th scope="col">${words.expires}</th><th scope="col">${words.revoke}</th></tr></thead><tbody>${keys.map(
    ({ id, name, role, createdAt, expiresAt }) =>
      html`<tr><td>${name}</td><td>${mayText(role, words)}</td><td>${timeMark(createdAt, call)}</td><td>${expiresAt === undefined ? words.never : new Date(expiresAt).toISOString().slice(0, 10)}</td>
<td><form method="post" action="/settings/tokens/revoke">${sealField(session)}<input type="hidden" name="id" value="${id}"><button class="quiet" aria-label="${words.revoke}: ${name}">${words.revoke}</button></form></td></tr>`,
  )}</tbody></table></div>`;
}

export async function makeToken(call: PageCall): Promise<void> {
  const form = await checkedForm(call);
  const account = ownerOf(call);
  const role = ROLES.find((one) => one === form.get('role'));
  const name = (form.get('name') ?? '').slice(0, MAX_NAME);
  const days = Number(form.get('days'));
  if (!role || name === '' || !Number.isInteger(days) || days < 0 || days > 3650)
    throw new RegistryError('UNSUPPORTED', { status: 400, message: 'a name, a role and a number of days are wanted' });
  const { secret, kept } = newPersonalSecret();
  const expiresAt = days === 0 ? undefined : call.now + days * DAY_MS;
  call.desk.access.accounts.addKey(
    randomUUID(),
    { account: account.name, name, secret: kept, role, expiresAt },
    call.now,
  );
  record(call, 'token made', name);
  const { words } = call;
  showSettings(
    call,
    html`<div class="note" role="status"><p>${words.tokenOnce}</p><div class="pull"><code id="token">${secret}</code><button type="button" class="quiet" data-script data-copy="${secret}" data-done="${words.copied}">${words.copy}</button></div></div>`,
  );
}

export async function revokeToken(call: PageCall): Promise<void> {
  const form = await checkedForm(call);
  call.desk.access.accounts.removeKey(ownerOf(call).name, form.get('id') ?? '');
  record(call, 'token revoked', '');
  redirect(call.exchange, '/settings');
}

export async function changePassword(call: PageCall): Promise<void> {
  const { desk, exchange, words } = call;
  const form = await checkedForm(call);
  const account = ownerOf(call);
  const next = form.get('new') ?? '';
  const known = await desk.access.credentials.check(account.name, form.get('old') ?? '', call.session.who.address);
  if (!known || known.key || next.length < MIN_PASSWORD) {
    showSettings(call, html`<p class="note" role="alert">${words.wrongLogin}</p>`);
    return;
  }
  const secret = await hashPassword(next);
  desk.access.accounts.setSecret(account.name, secret);
  record(call, 'password changed', '');
  // other sessions end with the old password, this one goes on
  redirect(exchange, '/settings', {
    'Set-Cookie': desk.access.sessions.cookieFor(exchange, { name: account.name, secret }),
  });
}

function record({ desk, session }: PageCall, action: string, what: string): void {
  desk.record({ account: session.who.name, address: session.who.address, action, repository: '', what });
}

const mayText = (role: Role, words: Words): string =>
  ({ read: words.mayRead, write: words.mayWrite, admin: words.mayAdmin })[role];

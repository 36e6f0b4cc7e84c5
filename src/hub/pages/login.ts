// Log in and out: a form, a cookie, and back to where one came from.
import { readForm } from '../../http/index.ts';
import { html } from './markup.ts';
import { checkedForm } from './form.ts';
import { type PageCall, redirect, safePath, sealField, sendPage } from './page.ts';

const FORM_BYTES = 16 * 1024;

export function showLogin(call: PageCall, wrong = ''): void {
  const { exchange, session, words } = call;
  const back = safePath(exchange.query.get('back'));
  const body = html`<h1>${words.login}</h1>
${wrong !== '' && html`<p class="note" role="alert">${wrong}</p>`}
<form method="post" action="/login" class="stack">${sealField(session)}<input type="hidden" name="back" value="${back}">
<label>${words.account} <input name="name" autocomplete="username" required autofocus></label>
<label>${words.password} <input name="password" type="password" autocomplete="current-password" required></label>
<button>${words.login}</button></form>`;
  sendPage(call, { title: words.login, body, status: wrong === '' ? 200 : 401 });
}

export async function login(call: PageCall): Promise<void> {
  const { desk, exchange, session, words } = call;
  const form = await readForm(exchange.request, FORM_BYTES);
  desk.access.sessions.checkForm(exchange, session, form.get('seal') ?? '');
  const cookie = await desk.access.sessions.login(exchange, form.get('name') ?? '', form.get('password') ?? '');
  if (cookie === undefined) showLogin(call, words.wrongLogin);
  else redirect(exchange, safePath(form.get('back')), { 'Set-Cookie': cookie });
}

export async function logout(call: PageCall): Promise<void> {
  await checkedForm(call);
  redirect(call.exchange, '/', { 'Set-Cookie': call.desk.access.sessions.logout(call.exchange) });
}

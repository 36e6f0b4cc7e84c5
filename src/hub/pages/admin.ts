// Who may do what, for admins: accounts, teams and permissions; and what was done, as far as the reader may see it.
import { messageOf } from '../../base/errors.ts';
import { ROLES } from '../access/index.ts';
import { RegistryError } from '../model/index.ts';
import { checkedForm } from './form.ts';
import { html, type Markup } from './markup.ts';
import { type PageCall, redirect, repositoryPath, sealField, sendPage, timeMark } from './page.ts';

const MAX_ENTRIES = 200;
/** Entries that are looked through for those that the reader may see. */
const MAX_LOOKED_AT = 5000;

function checkAdmin({ session }: PageCall): void {
  const { account } = session.who;
  if (account?.isAdmin !== true || account.key)
    throw new RegistryError('DENIED', { message: 'this page is for admins, with their password' });
}

export function showAccess(call: PageCall, problem = ''): void {
  checkAdmin(call);
  const { desk, session, words } = call;
  const { accounts } = desk.access;
  const teamsOf = (name: string): string =>
    accounts
      .members()
      .filter(({ account }) => account === name)
      .map(({ team }) => `@${team}`)
      .join(', ');
  const body = html`<h1>${words.access}</h1>
${problem !== '' && html`<p class="note" role="alert">${problem}</p>`}
<h2>${words.permissions}</h2>
<div class="scroll"><table><thead><tr><th scope="col">${words.subject}</th><th scope="col">${words.pattern}</th><th scope="col">${words.role}</th><th scope="col">${words.revoke}</th></tr></thead><tbody>${accounts
    .grants()
    .map(
      ({ subject, pattern, role }) =>
        html`<tr><td>${subject}</td><td class="mono">${pattern}</td><td>${words.roles[role]}</td><td><form method="post" action="/access/revoke">${sealField(session)}<input type="hidden" name="subject" value="${subject}"><input type="hidden" name="pattern" value="${pattern}"><button class="quiet" aria-label="${words.revoke}: ${subject} ${pattern}">${words.revoke}</button></form></td></tr>`,
    )}</tbody></table></div>
<form method="post" action="/access/grant" class="fields">${sealField(session)}
<label>${words.subject} <input name="subject" required placeholder="${words.subjectHint}"></label>
<label>${words.pattern} <input name="pattern" required placeholder="${words.patternHint}"></label>
<label>${words.role} <select name="role">${ROLES.map((role) => html`<option value="${role}">${words.roles[role]}</option>`)}</select></label>
<button>${words.grant}</button></form>
<h2>${words.people}</h2>
<div class="scroll"><table><thead><tr><th scope="col">${words.account}</th><th scope="col">${words.kind}</th><th scope="col">${words.teams}</th><th scope="col">${words.created}</th><th scope="col">${words.expires}</th></tr></thead><tbody>${accounts
    .list()
    .map(
      ({ name, kind, isAdmin, createdAt, expiresAt }) =>
        html`<tr><td>${name}</td><td>${kind === 'robot' ? words.robot : isAdmin ? words.admin : words.user}</td><td>${teamsOf(name)}</td><td>${timeMark(createdAt, call)}</td><td>${expiresAt === undefined ? words.never : new Date(expiresAt).toISOString().slice(0, 10)}</td></tr>`,
    )}</tbody></table></div>`;
  sendPage(call, { title: words.access, body, status: problem === '' ? 200 : 400 });
}

export async function grant(call: PageCall): Promise<void> {
  checkAdmin(call);
  const form = await checkedForm(call);
  const role = ROLES.find((one) => one === form.get('role')) ?? 'read';
  change(call, 'grant', `${form.get('subject')} ${form.get('pattern')} ${role}`, () =>
    call.desk.access.accounts.grant((form.get('subject') ?? '').trim(), (form.get('pattern') ?? '').trim(), role),
  );
}

export async function revoke(call: PageCall): Promise<void> {
  checkAdmin(call);
  const form = await checkedForm(call);
  change(call, 'revoke', `${form.get('subject')} ${form.get('pattern')}`, () =>
    call.desk.access.accounts.revoke(form.get('subject') ?? '', form.get('pattern') ?? ''),
  );
}

function change(call: PageCall, action: string, what: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    showAccess(call, messageOf(error));
    return;
  }
  const { name: account, address } = call.session.who;
  call.desk.record({ account, address, action, repository: '', what });
  redirect(call.exchange, '/access');
}

export function showActivity(call: PageCall): void {
  const { desk, session, words } = call;
  const { who } = session;
  if (!who.account) {
    redirect(call.exchange, '/login?back=/activity');
    return;
  }
  const { isAdmin } = who.account;
  const entries = desk.access.audit
    .list(isAdmin ? MAX_ENTRIES : MAX_LOOKED_AT)
    .filter(
      ({ account, repository }) =>
        isAdmin || account === who.name || (repository !== '' && who.may(repository, 'pull')),
    )
    .slice(0, MAX_ENTRIES);
  const body = html`<h1>${words.activity}</h1>
<div class="scroll"><table><thead><tr><th scope="col">${words.when}</th><th scope="col">${words.who}</th><th scope="col">${words.action}</th><th scope="col">${words.repository}</th><th scope="col">${words.what}</th>${isAdmin && html`<th scope="col">${words.where}</th>`}</tr></thead><tbody>${entries.map(
    ({ at, account, action, repository, what, address }) =>
      html`<tr><td>${timeMark(at, call)}</td><td>${account === '' ? html`<span class="soft">${words.anonymous}</span>` : account}</td><td>${action}</td><td>${repository !== '' && html`<a href="${repositoryPath(repository)}">${repository}</a>`}</td><td class="line mono">${what}</td>${isAdmin && html`<td class="mono">${address}</td>`}</tr>`,
  )}</tbody></table></div>`;
  sendPage(call, { title: words.activity, body });
}

export async function showCollections(call: PageCall): Promise<void> {
  const { desk, session, words } = call;
  await desk.indexed;
  const list = desk.browser
    .collections()
    .map((one) => ({ ...one, repositories: one.repositories.filter((name) => session.who.may(name, 'pull')) }))
    .filter(({ repositories }) => repositories.length > 0);
  const item = (name: string): Markup => html`<li><a href="${repositoryPath(name)}" data-item>${name}</a></li>`;
  const body = html`<h1>${words.collections}</h1>
${list.length === 0 && html`<p>${words.nothingFound}</p>`}
${list.map(({ name, title, owner, repositories }) => html`<h2 id="${name}">${title}</h2><p class="soft small">${owner}</p><ul>${repositories.map(item)}</ul>`)}`;
  sendPage(call, { title: words.collections, body });
}

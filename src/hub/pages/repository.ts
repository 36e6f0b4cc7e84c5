// A repository: how to pull it, its readme, its tags, its star; and the form that edits what it says of itself.
import { readForm } from '../../http/index.ts';
import { checkName, RegistryError } from '../model/index.ts';
import { MAX_DESCRIPTION, MAX_README, type RepositoryFacts, type TagFacts } from '../metadata/index.ts';
import { countText, sizeText } from './figures.ts';
import { checkedForm } from './form.ts';
import { html, type Markup } from './markup.ts';
import { type PageCall, queryOf, redirect, repositoryPath, sealField, sendPage, timeMark } from './page.ts';
import { renderReadme } from './readme.ts';

const PAGE = 50;

/** Throws NAME_UNKNOWN: for what is not there, and for what the reader may not see. */
export async function repositoryOf(call: PageCall): Promise<RepositoryFacts> {
  await call.desk.indexed;
  const name = checkName(call.exchange.param('name'));
  const facts = call.session.who.may(name, 'pull') ? call.desk.browser.repository(name) : undefined;
  if (!facts) throw new RegistryError('NAME_UNKNOWN', { detail: { name } });
  return facts;
}

export async function showRepository(call: PageCall): Promise<void> {
  const { desk, exchange, session, words } = call;
  const facts = await repositoryOf(call);
  const { name } = facts;
  const page = Math.min(Math.max(Math.floor(Number(exchange.query.get('page')) || 1), 1), 100_000);
  const tags = desk.browser.tags(name, (page - 1) * PAGE, PAGE);
  const first = tags.find((tag) => tag.name === 'latest') ?? tags[0];
  const { account } = session.who;
  const canEdit = account !== undefined && session.who.may(name, 'push');
  const body = html`
<div class="row"><h1>${name}</h1>
${account && star(call, name)}
${canEdit && html`<a href="${repositoryPath(name, 'edit')}">${words.edit}</a>`}</div>
${facts.description !== '' && html`<p>${facts.description}</p>`}
<ul class="facts"><li>${words.pulls} ${countText(facts.pulls)}</li><li>★ ${countText(facts.stars)}</li><li>${sizeText(facts.size)}</li><li>${words.pushed} ${timeMark(facts.pushedAt, call)}</li></ul>
${first && pullLine(call, `${name}:${first.name}`)}
<h2 id="tags">${words.tags} <span class="soft">${facts.tags}</span></h2>
<div class="scroll"><table><thead><tr><th scope="col">${words.tag}</th><th scope="col">${words.platforms}</th><th scope="col" class="number">${words.size}</th><th scope="col">${words.pushed}</th><th scope="col">${words.compare}</th></tr></thead>
<tbody>${tags.map((tag, index) => tagRow(call, name, tag, tags[index + 1]))}</tbody></table></div>
<p class="row">${page > 1 && html`<a rel="prev" href="${queryOf({ page: page - 1 })}">${words.previous}</a>`}
${facts.tags > page * PAGE && html`<a rel="next" href="${queryOf({ page: page + 1 })}">${words.next}</a>`}</p>
${facts.readme !== '' && html`<h2>${words.readme}</h2><div class="readme">${renderReadme(facts.readme)}</div>`}`;
  sendPage(call, { title: name, body });
}

function tagRow(call: PageCall, name: string, tag: TagFacts, older: TagFacts | undefined): Markup {
  const { words } = call;
  const isImage = tag.platforms.length > 0;
  return html`<tr><td><a href="${repositoryPath(name, 'tags', tag.name)}" data-item>${tag.name}</a></td>
<td>${isImage ? tag.platforms.join(', ') : html`<span class="soft">${tag.artifactType || tag.mediaType}</span>`}</td>
<td class="number">${sizeText(tag.size)}</td><td>${timeMark(tag.pushedAt, call)}</td>
<td>${isImage && older && html`<a href="${repositoryPath(name, 'compare')}${queryOf({ from: older.name, to: tag.name })}" aria-label="${words.compare}: ${older.name}, ${tag.name}">${older.name}</a>`}</td></tr>`;
}

export function pullLine({ desk, exchange, words }: PageCall, reference: string): Markup {
  const command = `docker pull ${desk.hostOf(exchange)}/${reference}`;
  return html`<div class="pull"><code tabindex="0" role="region" aria-label="${words.pull}">${command}</code><button type="button" class="quiet" data-script data-copy="${command}" data-done="${words.copied}">${words.copy}</button></div>`;
}

function star({ desk, session, words }: PageCall, name: string): Markup {
  const has = desk.browser.hasStar(session.who.name, name);
  return html`<form method="post" action="${repositoryPath(name, 'star')}">${sealField(session)}<input type="hidden" name="star" value="${has ? 'no' : 'yes'}"><button class="quiet">${has ? `★ ${words.unstar}` : `☆ ${words.star}`}</button></form>`;
}

export async function setStar(call: PageCall): Promise<void> {
  const { name } = await repositoryOf(call);
  const form = await checkedForm(call);
  call.desk.browser.setStar(call.session.who.name, name, form.get('star') === 'yes');
  redirect(call.exchange, repositoryPath(name));
}

export async function showEdit(call: PageCall): Promise<void> {
  const { session, words } = call;
  const { name, description, readme } = await editable(call);
  const body = html`<h1>${words.edit}: ${name}</h1>
<form method="post" class="stack wide">${sealField(session)}
<label>${words.description} <input name="description" value="${description}" maxlength="${MAX_DESCRIPTION}"></label>
<label>${words.readme} <span>${words.readmeHint}</span><textarea name="readme" maxlength="${MAX_README}">${readme}</textarea></label>
<button>${words.save}</button></form>`;
  sendPage(call, { title: `${words.edit}: ${name}`, body });
}

export async function saveEdit(call: PageCall): Promise<void> {
  const { desk, exchange, session } = call;
  const { name } = await editable(call);
  const form = await checkedForm(call, () => readForm(exchange.request, MAX_README * 4));
  const description = (form.get('description') ?? '').slice(0, MAX_DESCRIPTION);
  const readme = (form.get('readme') ?? '').replaceAll('\r\n', '\n').slice(0, MAX_README);
  desk.browser.describe(name, { description, readme });
  desk.record({
    account: session.who.name,
    address: session.who.address,
    action: 'describe',
    repository: name,
    what: '',
  });
  redirect(exchange, repositoryPath(name));
}

async function editable(call: PageCall): Promise<RepositoryFacts> {
  const facts = await repositoryOf(call);
  const { who } = call.session;
  if (!who.account || !who.may(facts.name, 'push')) throw new RegistryError('DENIED');
  return facts;
}

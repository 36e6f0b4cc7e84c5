// The first page: search with its facets, or what is pulled most.
import { type Question, type SearchRow, type Sort, SORTS } from '../search/index.ts';
import { countText, sizeText } from './figures.ts';
import { html, type Markup } from './markup.ts';
import { type PageCall, queryOf, repositoryPath, sendPage, timeMark } from './page.ts';
import type { Words } from './languages.ts';

const PAGE = 25;
const DAY_MS = 24 * 3_600_000;
const AGES = [7, 30, 365];

export async function showHome(call: PageCall): Promise<void> {
  const { desk, exchange, session, words, now } = call;
  await desk.indexed;
  const value = (name: string): string => exchange.query.get(name) ?? '';
  const days = Number(value('days'));
  const sort = SORTS.find((one) => one === value('sort'));
  const question: Question = {
    text: value('q'),
    platform: value('platform'),
    label: value('label'),
    base: value('base'),
    ...(days > 0 ? { since: now - days * DAY_MS } : {}),
    ...(sort ? { sort } : {}),
  };
  const names = desk.search.names(question).filter((name) => session.who.may(name, 'pull'));
  const page = Math.min(Math.max(Math.floor(Number(value('page')) || 1), 1), 1000);
  const rows = desk.search.rows(names.slice((page - 1) * PAGE, page * PAGE));
  const { platforms } = desk.search.facets(names);
  const isSearch = ['q', 'platform', 'label', 'base', 'days'].some((name) => value(name) !== '');
  const choices = [
    ...new Set([...platforms.map(({ value }) => value), ...(question.platform ? [question.platform] : [])]),
  ];
  const at = (to: number): string => queryOf({ ...Object.fromEntries(exchange.query), page: to });
  const body = html`
<h1>${isSearch ? words.found(names.length) : words.popular}</h1>
<form class="fields" action="/">
<input type="hidden" name="q" value="${question.text}">
<label>${words.platform} <select name="platform" data-submit><option value="">${words.anyPlatform}</option>${choices.map(
    (one) => html`<option value="${one}"${one === question.platform && html` selected`}>${one}</option>`,
  )}</select></label>
<label>${words.age} <select name="days" data-submit><option value="">${words.anyAge}</option>${AGES.map(
    (one) => html`<option value="${one}"${one === days && html` selected`}>${words.days(one)}</option>`,
  )}</select></label>
<label>${words.sort} <select name="sort" data-submit>${SORTS.map(
    (one) => html`<option value="${one}"${one === sort && html` selected`}>${sortName(one, words)}</option>`,
  )}</select></label>
<label>${words.label} <input name="label" value="${question.label}" size="16"></label>
<button class="quiet">${words.apply}</button>
</form>
${rows.length === 0 && (isSearch ? html`<p>${words.nothingFound}</p>` : firstPush(call))}
<ul class="cards">${rows.map((row) => card(call, row))}</ul>
<p class="row">${page > 1 && html`<a rel="prev" href="${at(page - 1)}">${words.previous}</a>`}
${names.length > page * PAGE && html`<a rel="next" href="${at(page + 1)}">${words.next}</a>`}</p>`;
  sendPage(call, {
    title: isSearch ? `${words.search}: ${question.text}` : words.repositories,
    body,
    query: question.text,
  });
}

export function card(call: PageCall, { name, description, pulls, stars, pushedAt, size }: SearchRow): Markup {
  const { words } = call;
  return html`<li><h2><a href="${repositoryPath(name)}" data-item>${name}</a></h2>
${description !== '' && html`<p>${description}</p>`}
<ul class="facts"><li>${words.pulls} ${countText(pulls)}</li><li>★ ${countText(stars)}</li>${size > 0 && html`<li>${sizeText(size)}</li>`}<li>${timeMark(pushedAt, call)}</li></ul></li>`;
}

function sortName(sort: Sort, words: Words): string {
  const names = {
    best: words.sortBest,
    pulls: words.sortPulls,
    stars: words.sortStars,
    new: words.sortNew,
    size: words.sortSize,
  };
  return names[sort];
}

function firstPush({ desk, exchange, words }: PageCall): Markup {
  const name = `${desk.hostOf(exchange)}/team/app:1`;
  return html`<p>${words.nothingHere}</p><pre>docker tag app ${name}
docker push ${name}</pre>`;
}

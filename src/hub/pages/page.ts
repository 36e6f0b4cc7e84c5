// One page: who asks, in which language, and the document around what is shown.
import { createHash } from 'node:crypto';
import type { Exchange } from '../../http/index.ts';
import { type Access, cookieOf, type Session } from '../access/index.ts';
import type { Library } from '../images/index.ts';
import type { Browser } from '../metadata/index.ts';
import type { Search } from '../search/index.ts';
import { agoText } from './figures.ts';
import { html, type Markup } from './markup.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';
import { type Language, languageOf, WORDS, type Words } from './languages.ts';

/** What pages are made of. */
export interface Desk {
  readonly library: Library;
  readonly browser: Browser;
  readonly search: Search;
  readonly access: Access;
  /** Resolves when the catalog holds what the storage holds. */
  readonly indexed: Promise<void>;
  /** The registry as clients name it: `hub.example.com:5000`. */
  readonly hostOf: (exchange: Exchange) => string;
  readonly record: (entry: {
    account: string;
    address: string;
    action: string;
    repository: string;
    what: string;
  }) => void;
}

export interface PageCall {
  readonly desk: Desk;
  readonly exchange: Exchange;
  readonly session: Session;
  readonly language: Language;
  readonly words: Words;
  readonly now: number;
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 10);
export const STYLE_PATH = `/_/style-${hashOf(STYLE)}.css`;
export const SCRIPT_PATH = `/_/hub-${hashOf(SCRIPT)}.js`;
export const LANGUAGE_COOKIE = 'hub_language';

/** Nothing runs or loads but our own two files, nobody frames the page, and forms go nowhere else. */
const HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
} as const;

export function callOf(desk: Desk, exchange: Exchange, session: Session, now: number): PageCall {
  const language = languageOf(cookieOf(exchange, LANGUAGE_COOKIE), exchange.header('accept-language'));
  return { desk, exchange, session, language, words: WORDS[language], now };
}

export interface PageContent {
  readonly title: string;
  readonly body: Markup;
  readonly status?: number;
  /** Seconds after which the page looks again. */
  readonly again?: number;
  /** What stands in the search field. */
  readonly query?: string;
}

export function sendPage(call: PageCall, { title, body, status = 200, again, query = '' }: PageContent): void {
  const { exchange, words, language, session, desk } = call;
  const { account } = session.who;
  const here = exchange.request.url ?? '/';
  const isAdmin = account?.isAdmin === true;
  const entry = (path: string, text: string): Markup =>
    html`<li><a href="${path}"${exchange.path === path && html` aria-current="page"`}>${text}</a></li>`;
  const document = html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${again !== undefined && html`<meta http-equiv="refresh" content="${again}">`}
<title>${title} · ${words.hub}</title>
<link rel="stylesheet" href="${STYLE_PATH}">
<link rel="icon" href="/_/icon.svg">
<script src="${SCRIPT_PATH}" defer></script>
</head>
<body>
<a class="skip" href="#content">${words.skip}</a>
<header class="top"><div>
<a class="brand" href="/">${words.hub}</a>
<form class="find" action="/" role="search"><input type="search" name="q" value="${query}" placeholder="${words.searchHint}" aria-label="${words.searchLabel}"><button>${words.search}</button></form>
<nav aria-label="${words.hub}"><ul>
${entry('/collections', words.collections)}
${account && entry('/activity', words.activity)}
${isAdmin && entry('/access', words.access)}
${account && entry('/settings', account.name)}
${
  account
    ? html`<li><form method="post" action="/logout">${sealField(session)}<button class="quiet">${words.logout}</button></form></li>`
    : desk.access.accounts.areThere && entry('/login', words.login)
}
</ul></nav>
</div></header>
<main id="content" tabindex="-1">
${!desk.access.accounts.areThere && html`<p class="note">${words.openHub}</p>`}
${body}
</main>
<footer><form method="get" action="/_/language"><input type="hidden" name="to" value="${language === 'ko' ? 'en' : 'ko'}"><input type="hidden" name="back" value="${here}"><button class="quiet" lang="${language === 'ko' ? 'en' : 'ko'}">${words.language}</button></form></footer>
</body>
</html>
`;
  exchange.send(status, document.toString(), HEADERS);
}

export const sealField = ({ seal }: Session): Markup => html`<input type="hidden" name="seal" value="${seal}">`;

export function redirect(exchange: Exchange, path: string, headers: Readonly<Record<string, string>> = {}): void {
  exchange.empty(303, { Location: path, 'Cache-Control': 'no-store', ...headers });
}

/** A path of ours, and no other address. */
export function safePath(path: string | null): string {
  return path !== null && /^\/(?![/\\])[\x21-\x7e]*$/.test(path) ? path : '/';
}

export function timeMark(at: number, { now, words }: PageCall): Markup {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}" title="${iso}">${agoText(at, now, words)}</time>`;
}

/** A path from parts; slashes of repository names stay. */
export function pathTo(...parts: readonly string[]): string {
  return parts.map((part) => part.split('/').map(encodeURIComponent).join('/')).join('/');
}

export const repositoryPath = (name: string, ...rest: readonly string[]): string =>
  pathTo('/r', name, ...(rest.length > 0 ? ['-', ...rest] : []));

/** `?a=b&c=d` without those that are empty. */
export function queryOf(values: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && value !== '') query.set(name, String(value));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

// The pages of the hub: their paths, and what answers an error on one of them.
import { BerthError, messageOf } from '../../base/errors.ts';
import { type Exchange, type Route, statusOf } from '../../http/index.ts';
import { RegistryError } from '../model/index.ts';
import { grant, revoke, showAccess, showActivity, showCollections } from './admin.ts';
import { showCompare } from './compare.ts';
import { showContents } from './contents.ts';
import { showHome } from './home.ts';
import { showImage } from './image.ts';
import { login, logout, showLogin } from './login.ts';
import { html } from './markup.ts';
import {
  callOf,
  type Desk,
  LANGUAGE_COOKIE,
  type PageCall,
  redirect,
  safePath,
  SCRIPT_PATH,
  sendPage,
  STYLE_PATH,
} from './page.ts';
import { saveEdit, setStar, showEdit, showRepository } from './repository.ts';
import { SCRIPT } from './script.ts';
import { changePassword, makeToken, revokeToken, showSettings } from './settings.ts';
import { STYLE } from './style.ts';

export interface PageRoute extends Route {
  readonly handle: (exchange: Exchange) => Promise<void> | void;
}

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0b57a4"/><path d="M3 9h3v3H3zM6.5 9h3v3h-3zM10 9h3v3h-3zM6.5 5.500h3v3h-3z" fill="#fff"/></svg>`;
const YEAR = { 'Cache-Control': 'public, max-age=31536000, immutable', 'X-Content-Type-Options': 'nosniff' };

export class Pages {
  readonly routes: readonly PageRoute[];
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
    const page = (method: 'GET' | 'POST', path: string, show: (call: PageCall) => Promise<void> | void): PageRoute => ({
      method,
      path,
      handle: (exchange) => show(this.#call(exchange)),
    });
    const file = (path: string, type: string, content: string): PageRoute => ({
      method: 'GET',
      path,
      handle: (exchange) => exchange.send(200, content, { ...YEAR, 'Content-Type': type }),
    });
    const one = '/r/{name+}/-';
    this.routes = [
      page('GET', '/', showHome),
      page('GET', `${one}/tags/{reference}`, showImage),
      page('GET', `${one}/contents/{reference}`, showContents),
      page('GET', `${one}/compare`, showCompare),
      page('GET', `${one}/edit`, showEdit),
      page('POST', `${one}/edit`, saveEdit),
      page('POST', `${one}/star`, setStar),
      page('GET', '/r/{name+}', showRepository),
      page('GET', '/login', (call) => showLogin(call)),
      page('POST', '/login', login),
      page('POST', '/logout', logout),
      page('GET', '/settings', (call) => showSettings(call)),
      page('POST', '/settings/password', changePassword),
      page('POST', '/settings/tokens', makeToken),
      page('POST', '/settings/tokens/revoke', revokeToken),
      page('GET', '/access', (call) => showAccess(call)),
      page('POST', '/access/grant', grant),
      page('POST', '/access/revoke', revoke),
      page('GET', '/activity', showActivity),
      page('GET', '/collections', showCollections),
      page('GET', '/_/language', chooseLanguage),
      file(STYLE_PATH, 'text/css; charset=utf-8', STYLE),
      file(SCRIPT_PATH, 'text/javascript; charset=utf-8', SCRIPT),
      file('/_/icon.svg', 'image/svg+xml', ICON),
    ];
  }

  /** Whether people come here with a browser, also where no page is. */
  isPage(path: string): boolean {
    return path === '/' || /^\/(?:r|_|login|logout|settings|access|activity|collections)(?:\/|$)/.test(path);
  }

  /** Answers by a page that says what went wrong, as far as the reader may know. */
  fail(exchange: Exchange, error: unknown): void {
    const call = this.#call(exchange);
    const { words } = call;
    const status = error instanceof RegistryError ? error.status : statusOf(error);
    const isMissing = status === 404 || status === 401;
    const isKnown = error instanceof RegistryError || error instanceof BerthError;
    const body = isMissing
      ? html`<h1>${words.notFound}</h1><p>${!call.session.who.account && words.notFoundText}</p>`
      : html`<h1>${words.wrong}</h1><p>${isKnown ? messageOf(error) : 'internal error'}</p>`;
    sendPage(call, { title: isMissing ? words.notFound : words.wrong, body, status });
  }

  #call(exchange: Exchange): PageCall {
    return callOf(this.#desk, exchange, this.#desk.access.sessions.of(exchange), Date.now());
  }
}

function chooseLanguage({ exchange }: PageCall): void {
  const to = exchange.query.get('to') === 'ko' ? 'ko' : 'en';
  redirect(exchange, safePath(exchange.query.get('back')), {
    'Set-Cookie': `${LANGUAGE_COOKIE}=${to}; Path=/; Max-Age=31536000; SameSite=Lax`,
  });
}

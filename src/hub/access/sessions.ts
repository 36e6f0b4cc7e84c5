// People in a browser: a signed cookie instead of a header, and forms that only our own pages can send.
import { timingSafeEqual } from 'node:crypto';
import type { Exchange } from '../../http/index.ts';
import { RegistryError } from '../model/index.ts';
import { addressOf, type Authority } from './authority.ts';
import { Identity } from './caller.ts';
import type { Credentials } from './credentials.ts';
import { markOf, type TokenSigner } from './tokens.ts';

const COOKIE = 'hub_session';
const SESSION_SECONDS = 7 * 24 * 3600;

export interface Session {
  readonly who: Identity;
  /** What a form of this session has to bring back. */
  readonly seal: string;
}

export class Sessions {
  readonly #authority: Authority;
  readonly #credentials: Credentials;
  readonly #signer: TokenSigner;
  readonly #failed: (name: string, address: string) => void;

  constructor(
    authority: Authority,
    credentials: Credentials,
    signer: TokenSigner,
    failed: (name: string, address: string) => void,
  ) {
    this.#authority = authority;
    this.#credentials = credentials;
    this.#signer = signer;
    this.#failed = failed;
  }

  /** Whoever the cookie says; a cookie that is worth nothing any more is somebody unknown. */
  of(exchange: Exchange): Session {
    const cookie = cookieOf(exchange, COOKIE) ?? '';
    const content = cookie === '' ? undefined : this.#verified(cookie);
    const account = content?.use === 'session' ? this.#authority.ofToken(content) : undefined;
    return {
      who: new Identity(this.#authority.accounts, account, addressOf(exchange)),
      seal: this.#signer.seal(account ? cookie : ''),
    };
  }

  /** The cookie to set; undefined: the name or the password is wrong. Throws TOOMANYREQUESTS. */
  async login(exchange: Exchange, name: string, password: string): Promise<string | undefined> {
    const account = await this.#credentials.check(name, password, addressOf(exchange));
    if (!account) {
      this.#failed(name, addressOf(exchange));
      return undefined;
    }
    return this.cookieFor(exchange, account);
  }

  cookieFor(
    exchange: Exchange,
    { name, secret, key }: { name: string; secret: string; key?: { id: string } | undefined },
  ): string {
    const now = Date.now();
    const token = this.#signer.sign(
      {
        use: 'session',
        sub: name,
        aud: '',
        exp: Math.floor(now / 1000) + SESSION_SECONDS,
        access: [],
        mark: markOf(secret),
        key: key?.id,
      },
      now,
    );
    return this.#cookie(exchange, token, SESSION_SECONDS);
  }

  logout(exchange: Exchange): string {
    return this.#cookie(exchange, '', 0);
  }

  /** Throws DENIED for a form that another site sent. */
  checkForm(exchange: Exchange, session: Session, seal: string): void {
    const site = exchange.header('sec-fetch-site');
    const origin = exchange.header('origin');
    const isForeign =
      (site !== undefined && site !== 'same-origin' && site !== 'none') ||
      (origin !== undefined && origin.replace(/^https?:\/\//, '') !== this.#authority.serviceOf(exchange));
    const given = Buffer.from(seal);
    const right = Buffer.from(session.seal);
    if (isForeign || given.length !== right.length || !timingSafeEqual(given, right))
      throw new RegistryError('DENIED', { message: 'this form was not sent from a page of this hub, or is too old' });
  }

  #verified(cookie: string): ReturnType<TokenSigner['verify']> {
    return this.#signer.verify(cookie, Date.now());
  }

  #cookie(exchange: Exchange, value: string, seconds: number): string {
    const secure = this.#authority.urlOf(exchange).startsWith('https:') ? '; Secure' : '';
    return `${COOKIE}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure}`;
  }
}

export function cookieOf(exchange: Exchange, name: string): string | undefined {
  for (const part of (exchange.header('cookie') ?? '').split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim();
  }
  return undefined;
}

// The token server: GET with Basic, POST as OAuth 2 has it; tokens for what the account may of what was asked.
import { type Exchange, readForm, type ServedRoute } from '../../http/index.ts';
import { RegistryError } from '../model/index.ts';
import type { Account } from './accounts.ts';
import { addressOf, type Authority } from './authority.ts';
import { Identity } from './caller.ts';
import { basicCredentials, type Credentials } from './credentials.ts';
import { markOf, parseScope, type ScopeGrant, type TokenSigner } from './tokens.ts';

const ACCESS_SECONDS = 300;
const REFRESH_SECONDS = 30 * 24 * 3600;
const FORM_BYTES = 64 * 1024;
/** Scopes that one token may have. */
const MAX_SCOPES = 64;

export class TokenServer {
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

  routes(): readonly ServedRoute<unknown>[] {
    return [
      { method: 'GET', path: '/token', handle: (exchange) => this.#get(exchange) },
      { method: 'POST', path: '/token', handle: (exchange) => this.#post(exchange) },
    ];
  }

  async #get(exchange: Exchange): Promise<void> {
    const header = exchange.header('authorization');
    const basic = header === undefined ? undefined : basicCredentials(header);
    if (header !== undefined && !basic) throw new RegistryError('UNAUTHORIZED');
    const account = basic ? await this.#login(exchange, basic.name, basic.secret) : undefined;
    const offline = exchange.query.get('offline_token') === 'true';
    this.#answer(exchange, account, exchange.query.getAll('scope').join(' '), offline);
  }

  async #post(exchange: Exchange): Promise<void> {
    const form = await readForm(exchange.request, FORM_BYTES);
    const text = (name: string): string => form.get(name) ?? '';
    let account: Account | undefined;
    switch (text('grant_type')) {
      case 'password':
        account = await this.#login(exchange, text('username'), text('password'));
        break;
      case 'refresh_token':
        account = this.#ofRefreshToken(text('refresh_token'));
        break;
      default:
        throw new RegistryError('UNSUPPORTED', { status: 400, message: 'grant_type is password or refresh_token' });
    }
    this.#answer(exchange, account, text('scope'), text('access_type') === 'offline', text('refresh_token'));
  }

  async #login(exchange: Exchange, name: string, secret: string): Promise<Account> {
    const account = await this.#credentials.check(name, secret, addressOf(exchange));
    if (account) return account;
    this.#failed(name, addressOf(exchange));
    throw new RegistryError('UNAUTHORIZED', { message: 'incorrect username or password' });
  }

  #ofRefreshToken(token: string): Account {
    const content = this.#signer.verify(token, Date.now());
    const account = content?.use === 'refresh' ? this.#authority.ofToken(content) : undefined;
    if (!account) throw new RegistryError('UNAUTHORIZED', { message: 'the refresh token is not valid any more' });
    return account;
  }

  #answer(exchange: Exchange, account: Account | undefined, scopes: string, offline: boolean, refresh = ''): void {
    const now = Date.now();
    const service = this.#authority.serviceOf(exchange);
    const access = this.#granted(new Identity(this.#authority.accounts, account, ''), scopes);
    const content = {
      sub: account?.name ?? '',
      aud: service,
      mark: account ? markOf(account.secret) : '',
      key: account?.key?.id,
    };
    const seconds = Math.floor(now / 1000);
    const token = this.#signer.sign({ ...content, use: 'access', exp: seconds + ACCESS_SECONDS, access }, now);
    const again =
      refresh !== '' || !offline || !account
        ? refresh
        : this.#signer.sign({ ...content, use: 'refresh', exp: seconds + REFRESH_SECONDS, access: [] }, now);
    exchange.json(
      200,
      {
        token,
        access_token: token,
        scope: access.map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`).join(' '),
        expires_in: ACCESS_SECONDS,
        issued_at: new Date(now).toISOString(),
        ...(again === '' ? {} : { refresh_token: again }),
      },
      { 'Cache-Control': 'no-store' },
    );
  }

  #granted(who: Identity, scopes: string): readonly ScopeGrant[] {
    const all = ['pull', 'push', 'delete'] as const;
    return scopes
      .split(' ')
      .slice(0, MAX_SCOPES)
      .flatMap((text) => {
        const scope = parseScope(text);
        if (!scope) return [];
        if (scope.type !== 'repository') return who.account ? [scope] : [];
        const wanted = scope.actions.includes('*') ? all : all.filter((action) => scope.actions.includes(action));
        const actions = wanted.filter((action) => who.accountMay(scope.name, action));
        return actions.length > 0 ? [{ ...scope, actions }] : [];
      });
  }
}

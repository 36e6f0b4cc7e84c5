// Authentication and authorization of requests: Basic, bearer tokens, and the challenge that tells a client where to get one.
import type { Exchange } from '../../http/index.ts';
import { RegistryError } from '../model/index.ts';
import { type Account, type Accounts, ANYONE } from './accounts.ts';
import { Identity } from './caller.ts';
import { basicCredentials, type Credentials } from './credentials.ts';
import { markOf, type TokenContent, type TokenSigner } from './tokens.ts';
import type { RepositoryAction } from './roles.ts';

/** Where a request comes from: the address of the connection, since a header can say anything. */
export const addressOf = ({ request }: Exchange): string => request.socket.remoteAddress ?? '';

export class Authority {
  readonly accounts: Accounts;
  readonly #credentials: Credentials;
  readonly #signer: TokenSigner;
  /** As clients reach it, `https://hub.example.com`; undefined: as they say that they did. */
  readonly #url: string | undefined;

  constructor(accounts: Accounts, credentials: Credentials, signer: TokenSigner, url: string | undefined) {
    this.accounts = accounts;
    this.#credentials = credentials;
    this.#signer = signer;
    this.#url = url;
  }

  nobody(exchange: Exchange): Identity {
    return new Identity(this.accounts, undefined, addressOf(exchange));
  }

  /** Throws UNAUTHORIZED for credentials that are wrong: they are not taken for none. */
  async identify(exchange: Exchange): Promise<Identity> {
    const header = exchange.header('authorization');
    const address = addressOf(exchange);
    if (header === undefined || !this.accounts.areThere) return this.nobody(exchange);
    const basic = basicCredentials(header);
    if (basic) {
      const account = await this.#credentials.check(basic.name, basic.secret, address);
      if (account) return new Identity(this.accounts, account, address);
    } else if (/^bearer /i.test(header)) {
      const content = this.#signer.verify(header.slice(7).trim(), Date.now());
      if (content?.use === 'access' && content.aud === this.serviceOf(exchange)) {
        const account = content.sub === '' ? undefined : this.ofToken(content);
        const isGood = content.sub === '' || account;
        if (isGood) return new Identity(this.accounts, account, address, content.access);
      }
    }
    throw this.challenge(exchange, undefined, 'invalid_token');
  }

  /** The account of a token, as it is now; undefined when it, its password or its personal token is gone. */
  ofToken({ sub, mark, key }: TokenContent): Account | undefined {
    const account = this.accounts.find(sub);
    if (!account || !isCurrent(account.expiresAt) || markOf(account.secret) !== mark) return undefined;
    if (key === undefined) return account;
    const kept = this.accounts.keyOf(sub, key, Date.now());
    return kept && { ...account, key: kept };
  }

  /** Throws when the caller may not: 401 while a login or another token could help, 403 when nothing could. */
  authorize(exchange: Exchange, who: Identity, repository: string, action: RepositoryAction): void {
    if (who.may(repository, action)) return;
    const scope = `repository:${repository}:${action === 'push' ? 'pull,push' : action}`;
    if (who.account && !who.accountMay(repository, action))
      throw new RegistryError('DENIED', { detail: { repository, action } });
    throw this.challenge(exchange, scope, who.granted ? 'insufficient_scope' : undefined);
  }

  /** For what is not about one repository. */
  requireLogin(exchange: Exchange, who: Identity): void {
    if (!this.accounts.areThere || who.account) return;
    if (who.granted && this.accounts.grants().some(({ subject }) => subject === ANYONE)) return;
    throw this.challenge(exchange, undefined, undefined);
  }

  challenge(exchange: Exchange, scope: string | undefined, error: string | undefined): RegistryError {
    const parts = [
      `realm="${this.urlOf(exchange)}/token"`,
      `service="${this.serviceOf(exchange)}"`,
      ...(scope === undefined ? [] : [`scope="${scope}"`]),
      ...(error === undefined ? [] : [`error="${error}"`]),
    ];
    return new RegistryError('UNAUTHORIZED', { headers: { 'WWW-Authenticate': `Bearer ${parts.join(',')}` } });
  }

  urlOf(exchange: Exchange): string {
    if (this.#url !== undefined) return this.#url;
    const isTls = 'encrypted' in exchange.request.socket || exchange.header('x-forwarded-proto') === 'https';
    const host = exchange.header('x-forwarded-host') ?? exchange.header('host') ?? '';
    return `${isTls ? 'https' : 'http'}://${/^[\w.:[\]-]+$/.test(host) ? host : 'localhost'}`;
  }

  serviceOf(exchange: Exchange): string {
    return this.urlOf(exchange).replace(/^https?:\/\//, '');
  }
}

export function isCurrent(expiresAt: number | undefined): boolean {
  return expiresAt === undefined || expiresAt > Date.now();
}

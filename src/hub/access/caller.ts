// Who makes a request, and what it may: its account's permissions, narrowed by its token.
import type { Account, Accounts } from './accounts.ts';
import { allows, roleAllows, type RepositoryAction } from './roles.ts';
import type { ScopeGrant } from './tokens.ts';

export class Identity {
  /** undefined: somebody unknown. */
  readonly account: Account | undefined;
  /** From where, for the records. */
  readonly address: string;
  /** Of a bearer token; undefined: all that the account may. */
  readonly granted: readonly ScopeGrant[] | undefined;
  readonly #accounts: Accounts;

  constructor(accounts: Accounts, account: Account | undefined, address: string, granted?: readonly ScopeGrant[]) {
    this.#accounts = accounts;
    this.account = account;
    this.address = address;
    this.granted = granted;
  }

  get name(): string {
    return this.account?.name ?? '';
  }

  /** Asked each time: what was revoked is gone at once, whatever a token says. */
  accountMay(repository: string, action: RepositoryAction): boolean {
    const key = this.account?.key;
    if (key && !roleAllows(key.role, action)) return false;
    if (!this.#accounts.areThere || this.account?.isAdmin) return true;
    return allows(this.#accounts.permissionsOf(this.name), repository, action);
  }

  may(repository: string, action: RepositoryAction): boolean {
    return this.accountMay(repository, action) && (this.granted === undefined || this.#tokenHas(repository, action));
  }

  /** Tokens name what they were made for; what is open to everybody needs no naming. */
  #tokenHas(repository: string, action: RepositoryAction): boolean {
    const named = this.granted?.some(
      ({ type, name, actions }) =>
        type === 'repository' && name === repository && (actions.includes(action) || actions.includes('*')),
    );
    return named === true || (action === 'pull' && allows(this.#accounts.permissionsOf(''), repository, action));
  }
}

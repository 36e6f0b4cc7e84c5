// Name and secret of a client against the accounts: slow where it must be, remembered for a while when right, refused after too many wrong ones.
import { createHmac, randomBytes } from 'node:crypto';
import { RegistryError } from '../model/index.ts';
import { type Account, type Accounts, ROBOT_MARK } from './accounts.ts';
import { keptPersonal, matchesSecret } from './secrets.ts';
import { Throttle } from './throttle.ts';

/** Wrong ones from an address, and for an account, in a minute. */
const MAX_FAILURES = 20;
const FAILURES_MS = 60_000;
/** A right one is not computed again for so long, milliseconds. */
const REMEMBERED_MS = 60_000;
const MAX_REMEMBERED = 1000;
/** A longer name is nobody's, and is neither looked for nor counted. */
const MAX_NAME_CHARACTERS = 256;
/** Computed at a time: each takes memory and a thread. */
const MAX_WAITING = 32;

export class Credentials {
  readonly #accounts: Accounts;
  readonly #key = randomBytes(32);
  readonly #right = new Map<string, { readonly secret: string; readonly until: number }>();
  readonly #byAddress = new Throttle(MAX_FAILURES, FAILURES_MS);
  readonly #byAccount = new Throttle(MAX_FAILURES, FAILURES_MS);
  #waiting = 0;

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  /** undefined: wrong. Throws TOOMANYREQUESTS. */
  async check(name: string, secret: string, address: string): Promise<Account | undefined> {
    if (name.length > MAX_NAME_CHARACTERS) return undefined;
    const account = this.#accounts.find(name);
    const now = Date.now();
    const personal = keptPersonal(secret);
    const key = personal === undefined ? undefined : this.#accounts.keyOfSecret(name, personal, now);
    if (account && key) return valid({ ...account, key }, now);
    const mark = createHmac('sha256', this.#key).update(`${name}\0${secret}`).digest('base64');
    const known = this.#right.get(mark);
    if (account && known && known.secret === account.secret && known.until > now) return valid(account, now);
    const wait = Math.max(
      ...[this.#byAddress.look(address), this.#byAccount.look(`${name}@${address}`)].map(
        ({ remaining, resetSeconds }) => (remaining <= 0 ? resetSeconds : 0),
      ),
    );
    if (wait > 0 || this.#waiting >= MAX_WAITING)
      throw new RegistryError('TOOMANYREQUESTS', {
        message: 'too many logins: try again later',
        headers: { 'Retry-After': String(Math.max(wait, 1)) },
      });
    this.#waiting += 1;
    let right: boolean;
    try {
      right = personal === undefined && (await matchesSecret(account?.secret, secret, name.startsWith(ROBOT_MARK)));
    } finally {
      this.#waiting -= 1;
    }
    if (!right || !account) {
      this.#byAddress.count(address);
      this.#byAccount.count(`${name}@${address}`);
      return undefined;
    }
    this.#right.set(mark, { secret: account.secret, until: now + REMEMBERED_MS });
    const [oldest] = this.#right.keys();
    if (this.#right.size > MAX_REMEMBERED && oldest !== undefined) this.#right.delete(oldest);
    return valid(account, now);
  }
}

function valid(account: Account, now: number): Account | undefined {
  return account.expiresAt !== undefined && account.expiresAt <= now ? undefined : account;
}

/** `Basic` of an Authorization header, taken apart. */
export function basicCredentials(header: string): { readonly name: string; readonly secret: string } | undefined {
  if (!/^basic /i.test(header)) return undefined;
  const text = Buffer.from(header.slice(6).trim(), 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { name: text.slice(0, colon), secret: text.slice(colon + 1) };
}

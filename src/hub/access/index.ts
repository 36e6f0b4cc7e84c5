// Who may do what: accounts, tokens, permissions, rules, and the trail of what was done.
import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { Accounts } from './accounts.ts';
import { Audit } from './audit.ts';
import { Authority } from './authority.ts';
import { Credentials } from './credentials.ts';
import { Rules } from './rules.ts';
import { Sessions } from './sessions.ts';
import { TokenServer } from './token-server.ts';
import { TokenSigner } from './tokens.ts';

export { type Accounts, ROBOT_MARK } from './accounts.ts';
export type { Authority } from './authority.ts';
export type { Identity } from './caller.ts';
export { type Role, ROLES } from './roles.ts';
export type { RuleKind } from './rules.ts';
export { hashPassword, newPersonalSecret, newRobotSecret } from './secrets.ts';
export { cookieOf, type Session, type Sessions } from './sessions.ts';
export { Throttle } from './throttle.ts';

export interface Access {
  readonly accounts: Accounts;
  readonly rules: Rules;
  readonly audit: Audit;
  readonly authority: Authority;
  readonly tokens: TokenServer;
  readonly sessions: Sessions;
  readonly credentials: Credentials;
}

/** `url`: as clients reach the hub; undefined: as each of them says. */
export function openAccess(database: DatabaseSync, url: string | undefined): Access {
  const accounts = new Accounts(database);
  const audit = new Audit(database);
  const credentials = new Credentials(accounts);
  const signer = new TokenSigner(tokenKey(database));
  const authority = new Authority(accounts, credentials, signer, url);
  const failed = (name: string, address: string): void =>
    audit.add({
      at: Date.now(),
      account: name.slice(0, 64),
      address,
      action: 'login failed',
      repository: '',
      what: '',
    });
  return {
    accounts,
    rules: new Rules(database),
    audit,
    authority,
    credentials,
    sessions: new Sessions(authority, credentials, signer, failed),
    tokens: new TokenServer(authority, credentials, signer, failed),
  };
}

/** Made once, so that tokens outlive the process. */
function tokenKey(database: DatabaseSync): Buffer {
  database
    .prepare("INSERT OR IGNORE INTO fact (name, value) VALUES ('token-key', ?)")
    .run(randomBytes(32).toString('base64'));
  const row = database.prepare("SELECT value FROM fact WHERE name = 'token-key'").get();
  return Buffer.from(String(row?.['value']), 'base64');
}

// Accounts, teams and permissions in the database; what is read often is kept until somebody changes it, in this process or another.
import type { DatabaseSync } from 'node:sqlite';
import { conflict, invalid, notFound } from '../../base/errors.ts';
import { isRepositoryName } from '../model/index.ts';
import type { Permission, Role } from './roles.ts';

export interface Account {
  readonly name: string;
  readonly kind: 'user' | 'robot';
  readonly secret: string;
  readonly isAdmin: boolean;
  readonly createdAt: number;
  /** Milliseconds since 1970; undefined: never. */
  readonly expiresAt: number | undefined;
  /** The personal token that stands for the password; undefined: the password itself. */
  readonly key?: PersonalKey | undefined;
}

export interface PersonalKey {
  readonly id: string;
  /** At most what this role allows, whatever the account may. */
  readonly role: Role;
}

export type NewAccount = Omit<Account, 'createdAt' | 'key'>;

/** The subject of what everybody may, known or not. */
export const ANYONE = 'anyone';
/** Before the name of a team where accounts can stand, too. */
export const TEAM_MARK = '@';

/** Names of robots begin so, which tells them from people before anything is looked up. */
export const ROBOT_MARK = 'robot-';

/** Personal tokens of one account. */
const MAX_KEYS = 50;

interface KeptKey {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  /** A hash. */
  readonly secret: string;
  readonly role: Role;
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
}

export class Accounts {
  readonly #database: DatabaseSync;
  readonly #accounts = new Map<string, Account | undefined>();
  readonly #permissions = new Map<string, readonly Permission[]>();
  readonly #keys = new Map<string, KeptKey>();
  readonly #version: ReturnType<DatabaseSync['prepare']>;
  #dataVersion = -1;
  #any: boolean | undefined;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#version = database.prepare('PRAGMA data_version');
  }

  /** Without any account the hub is open to all who reach it. */
  get areThere(): boolean {
    this.#refresh();
    this.#any ??= this.#database.prepare('SELECT 1 FROM account LIMIT 1').get() !== undefined;
    return this.#any;
  }

  find(name: string): Account | undefined {
    this.#refresh();
    if (!this.#accounts.has(name)) {
      const row = this.#database.prepare('SELECT * FROM account WHERE name = ?').get(name);
      // names that strangers make up are not remembered
      if (!row) return undefined;
      this.#accounts.set(name, accountOf(row));
    }
    return this.#accounts.get(name);
  }

  list(): readonly Account[] {
    return this.#database.prepare('SELECT * FROM account ORDER BY name').all().map(accountOf);
  }

  add({ name, kind, secret, isAdmin, expiresAt }: NewAccount, at: number): void {
    checkAccountName(name);
    if ((kind === 'robot') !== name.startsWith(ROBOT_MARK))
      throw invalid(`names of robots begin with ${ROBOT_MARK}, those of people do not`);
    if (this.find(name)) throw conflict(`account ${name} is there already`);
    this.#database
      .prepare('INSERT INTO account (name, kind, secret, is_admin, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)')
      .run(name, kind, secret, isAdmin ? 1 : 0, at, expiresAt ?? null);
    this.#forget();
  }

  setSecret(name: string, secret: string): void {
    this.#known(name);
    this.#database.prepare('UPDATE account SET secret = ? WHERE name = ?').run(secret, name);
    this.#forget();
  }

  remove(name: string): void {
    this.#known(name);
    this.#database.prepare('DELETE FROM account WHERE name = ?').run(name);
    this.#database.prepare('DELETE FROM permission WHERE subject = ?').run(name);
    this.#forget();
  }

  join(team: string, account: string): void {
    checkAccountName(team);
    this.#known(account);
    this.#database.prepare('INSERT OR IGNORE INTO member (team, account) VALUES (?, ?)').run(team, account);
    this.#forget();
  }

  leave(team: string, account: string): void {
    const { changes } = this.#database.prepare('DELETE FROM member WHERE team = ? AND account = ?').run(team, account);
    if (changes === 0) throw notFound(`${account} is not in team ${team}`);
    this.#forget();
  }

  /** `subject` is an account, `@` and a team, or `anyone`. */
  grant(subject: string, pattern: string, role: Role): void {
    checkPattern(pattern);
    if (subject.startsWith(TEAM_MARK)) checkAccountName(subject.slice(1));
    else if (subject !== ANYONE) this.#known(subject);
    if (subject === ANYONE && role !== 'read') throw invalid('anyone may be given the role read only');
    this.#database
      .prepare('INSERT OR REPLACE INTO permission (subject, pattern, role) VALUES (?, ?, ?)')
      .run(subject, pattern, role);
    this.#forget();
  }

  revoke(subject: string, pattern: string): void {
    const { changes } = this.#database
      .prepare('DELETE FROM permission WHERE subject = ? AND pattern = ?')
      .run(subject, pattern);
    if (changes === 0) throw notFound(`${subject} has no permission on ${pattern}`);
    this.#forget();
  }

  grants(): readonly (Permission & { readonly subject: string })[] {
    return this.#database
      .prepare('SELECT subject, pattern, role FROM permission ORDER BY subject, pattern')
      .all()
      .map((row) => ({ subject: String(row['subject']), ...permissionOf(row) }));
  }

  /** Of an account: its own, its teams', everybody's, and all on the names that begin with its own. '' is somebody unknown. */
  permissionsOf(name: string): readonly Permission[] {
    this.#refresh();
    const known = this.#permissions.get(name);
    if (known) return known;
    const rows = this.#database
      .prepare(
        `SELECT pattern, role FROM permission WHERE subject = ? OR subject = ?
         OR subject IN (SELECT ? || team FROM member WHERE account = ?)`,
      )
      .all(ANYONE, name, TEAM_MARK, name);
    const own: Permission[] = this.find(name)?.kind === 'user' ? [{ pattern: `${name}/*`, role: 'admin' }] : [];
    const permissions = [...own, ...rows.map(permissionOf)];
    this.#permissions.set(name, permissions);
    return permissions;
  }

  /** A personal token that is not over; undefined otherwise. */
  keyOf(account: string, id: string, now: number): PersonalKey | undefined {
    this.#refresh();
    let kept = this.#keys.get(id);
    if (!kept) {
      const row = this.#database.prepare('SELECT * FROM personal_token WHERE id = ?').get(id);
      if (!row) return undefined;
      kept = keptKeyOf(row);
      this.#keys.set(id, kept);
    }
    const isOver = kept.expiresAt !== undefined && kept.expiresAt <= now;
    return kept.account !== account || isOver ? undefined : { id, role: kept.role };
  }

  /** By the form in which its secret is kept. */
  keyOfSecret(account: string, kept: string, now: number): PersonalKey | undefined {
    const row = this.#database.prepare('SELECT id FROM personal_token WHERE secret = ?').get(kept);
    return row && this.keyOf(account, String(row['id']), now);
  }

  addKey(id: string, { account, name, secret, role, expiresAt }: Omit<KeptKey, 'id' | 'createdAt'>, at: number): void {
    this.#known(account);
    if (this.keysOf(account).length >= MAX_KEYS) throw conflict(`an account has ${MAX_KEYS} tokens at most`);
    this.#database
      .prepare(
        'INSERT INTO personal_token (id, account, name, secret, role, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      )
      .run(id, account, name, secret, role, at, expiresAt ?? null);
    this.#forget();
  }

  keysOf(account: string): readonly KeptKey[] {
    return this.#database
      .prepare('SELECT * FROM personal_token WHERE account = ? ORDER BY created_at')
      .all(account)
      .map(keptKeyOf);
  }

  removeKey(account: string, id: string): void {
    const { changes } = this.#database
      .prepare('DELETE FROM personal_token WHERE account = ? AND id = ?')
      .run(account, id);
    if (changes === 0) throw notFound('no such token');
    this.#forget();
  }

  members(): readonly { readonly team: string; readonly account: string }[] {
    return this.#database
      .prepare('SELECT team, account FROM member ORDER BY team, account')
      .all()
      .map((row) => ({ team: String(row['team']), account: String(row['account']) }));
  }

  #known(name: string): void {
    if (!this.find(name)) throw notFound(`no such account: ${name}`);
  }

  /** SQLite counts what other connections commit. */
  #refresh(): void {
    const version = Number(this.#version.get()?.['data_version']);
    if (version === this.#dataVersion) return;
    this.#dataVersion = version;
    this.#forget();
  }

  #forget(): void {
    this.#accounts.clear();
    this.#permissions.clear();
    this.#keys.clear();
    this.#any = undefined;
  }
}

/** An account's name begins its own repositories, so it follows their grammar. */
function checkAccountName(name: string): void {
  if (name.length > 64 || name.includes('/') || name === ANYONE || !isRepositoryName(name))
    throw invalid(`invalid name ${name}: small letters, digits, and one of . _ - between them`);
}

function checkPattern(pattern: string): void {
  if (pattern.length > 255 || !/^[a-z0-9._/*-]+$/.test(pattern))
    throw invalid(`invalid pattern ${pattern}: a repository's name, with * for any part of it`);
}

function accountOf(row: Record<string, unknown>): Account {
  return {
    name: String(row['name']),
    kind: row['kind'] === 'robot' ? 'robot' : 'user',
    secret: String(row['secret']),
    isAdmin: row['is_admin'] === 1,
    createdAt: Number(row['created_at']),
    expiresAt: row['expires_at'] === null ? undefined : Number(row['expires_at']),
  };
}

function permissionOf(row: Record<string, unknown>): Permission {
  return { pattern: String(row['pattern']), role: row['role'] as Role };
}

function keptKeyOf(row: Record<string, unknown>): KeptKey {
  return {
    id: String(row['id']),
    account: String(row['account']),
    name: String(row['name']),
    secret: String(row['secret']),
    role: row['role'] as Role,
    createdAt: Number(row['created_at']),
    expiresAt: row['expires_at'] === null ? undefined : Number(row['expires_at']),
  };
}

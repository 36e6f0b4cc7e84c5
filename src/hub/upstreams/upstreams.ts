// Registries that this hub stands before: which names lead to which of them, with what login.
import type { DatabaseSync } from 'node:sqlite';
import { invalid, notFound } from '../../base/errors.ts';
import { isRepositoryName } from '../model/index.ts';

export interface Upstream {
  /** Repositories below this name are those of the upstream: `docker.io` for `docker.io/library/alpine`. */
  readonly prefix: string;
  /** `docker.io` or `registry.example.com:5000`. */
  readonly domain: string;
  /** Before the rest of the name there; '' for nothing. */
  readonly path: string;
  readonly account: string;
  readonly secret: string;
}

export class Upstreams {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  list(): readonly Upstream[] {
    return this.#database
      .prepare('SELECT prefix, domain, path, account, secret FROM upstream ORDER BY length(prefix) DESC, prefix')
      .all()
      .map((row) => ({
        prefix: String(row['prefix']),
        domain: String(row['domain']),
        path: String(row['path']),
        account: String(row['account']),
        secret: String(row['secret']),
      }));
  }

  /** `address` is `registry.example.com/path`. */
  set(prefix: string, address: string, account: string, secret: string): void {
    if (!isRepositoryName(prefix)) throw invalid(`invalid prefix ${prefix}: the beginning of names of repositories`);
    const { domain, path } = splitAddress(address);
    this.#database
      .prepare('INSERT OR REPLACE INTO upstream (prefix, domain, path, account, secret) VALUES (?, ?, ?, ?, ?)')
      .run(prefix, domain, path, account, secret);
  }

  remove(prefix: string): void {
    const { changes } = this.#database.prepare('DELETE FROM upstream WHERE prefix = ?').run(prefix);
    if (changes === 0) throw notFound(`no upstream for ${prefix}`);
  }

  /** The upstream of a repository with its name there; the longest prefix wins. */
  of(name: string): { readonly upstream: Upstream; readonly path: string } | undefined {
    for (const upstream of this.list())
      if (name.startsWith(`${upstream.prefix}/`)) {
        const rest = name.slice(upstream.prefix.length + 1);
        return { upstream, path: upstream.path === '' ? rest : `${upstream.path}/${rest}` };
      }
    return undefined;
  }
}

export function splitAddress(address: string): { readonly domain: string; readonly path: string } {
  const plain = address.replace(/^https?:\/\//, '');
  const slash = plain.indexOf('/');
  const domain = slash < 0 ? plain : plain.slice(0, slash);
  const path = slash < 0 ? '' : plain.slice(slash + 1).replace(/\/$/, '');
  if (!/^[A-Za-z0-9.-]+(:\d{1,5})?$/.test(domain) || (path !== '' && !isRepositoryName(path)))
    throw invalid(`invalid address ${address}: HOST[:PORT][/PATH] is wanted`);
  return { domain, path };
}

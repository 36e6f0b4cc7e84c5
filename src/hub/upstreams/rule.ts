// A rule that ties repositories here to those of another registry: its row, and what a job of it is called.

export interface Rule {
  /** Of repositories as they are named here. */
  readonly pattern: string;
  readonly domain: string;
  /** Before their names there; '' for nothing. */
  readonly path: string;
  readonly account: string;
  readonly secret: string;
}

export function ruleOf(row: Readonly<Record<string, unknown>>): Rule {
  return {
    pattern: String(row['pattern']),
    domain: String(row['domain']),
    path: String(row['path']),
    account: String(row['account']),
    secret: String(row['secret']),
  };
}

export const titleOf = ({ pattern, domain, path }: Rule): string =>
  `${domain}${path === '' ? '' : `/${path}`} (${pattern})`;

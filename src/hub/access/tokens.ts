// Bearer tokens: JSON web tokens of our own, signed with a key that only this hub has.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { RepositoryAction } from './roles.ts';

export interface ScopeGrant {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly (RepositoryAction | '*')[];
}

export interface TokenContent {
  /** What it may be used for: requests, new tokens, or pages in a browser. */
  readonly use: 'access' | 'refresh' | 'session';
  /** The account; '' for somebody unknown. */
  readonly sub: string;
  readonly aud: string;
  /** Seconds since 1970. */
  readonly exp: number;
  readonly access: readonly ScopeGrant[];
  /** Changes with the account's secret: a token of before is worth nothing. */
  readonly mark: string;
  /** The personal token that it was made for. */
  readonly key?: string | undefined;
}

const HEAD = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'JWT' })).toString('base64url');

export class TokenSigner {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  sign(content: TokenContent, now: number): string {
    const seconds = Math.floor(now / 1000);
    const body = {
      ...content,
      iss: 'berth-hub',
      iat: seconds,
      nbf: seconds - 5,
      jti: randomBytes(12).toString('base64url'),
    };
    const text = `${HEAD}.${Buffer.from(JSON.stringify(body)).toString('base64url')}`;
    return `${text}.${this.#signature(text).toString('base64url')}`;
  }

  /** undefined: not ours, or over. */
  verify(token: string, now: number): TokenContent | undefined {
    const [head, body = '', signature = ''] = token.split('.');
    if (head !== HEAD) return undefined;
    const given = Buffer.from(signature, 'base64url');
    const right = this.#signature(`${head}.${body}`);
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
    const content = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as TokenContent;
    return content.exp * 1000 > now ? content : undefined;
  }

  /** A text that only this hub can make of another one: for forms. */
  seal(text: string): string {
    return this.#signature(`form ${text}`).toString('base64url');
  }

  #signature(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}

export function markOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url').slice(0, 12);
}

/** `repository:team/app:pull,push`; of what cannot be read nothing is granted. */
export function parseScope(text: string): ScopeGrant | undefined {
  const scope = text.trim();
  const first = scope.indexOf(':');
  const last = scope.lastIndexOf(':');
  if (first < 1 || last === first) return undefined;
  // `repository(plugin)` is a repository
  const type = scope.slice(0, first).split('(', 1)[0] ?? '';
  const asked = scope.slice(last + 1).split(',');
  const known = ['pull', 'push', 'delete', '*'] as const;
  return { type, name: scope.slice(first + 1, last), actions: known.filter((action) => asked.includes(action)) };
}

// What a task asks of the cluster's keys over HTTP, read from method and path; and whether its service's rights let it. Pure.
import { invalid, notFound } from '../../base/errors.ts';
import type { KeyRight } from '../model/rights.ts';

export type KeyValueRequest =
  | { readonly verb: 'get'; readonly key: string }
  | { readonly verb: 'list'; readonly prefix: string }
  | {
      readonly verb: 'put';
      readonly key: string;
      /** base64 */
      readonly value: string;
      readonly revision?: number;
      readonly lease?: string;
    }
  | { readonly verb: 'delete'; readonly key: string; readonly revision?: number }
  | { readonly verb: 'watch'; readonly prefix: string; readonly since?: number; readonly wait?: number }
  | { readonly verb: 'grant'; readonly seconds: number }
  | { readonly verb: 'keep-alive'; readonly lease: string }
  | { readonly verb: 'revoke'; readonly lease: string };

/** How long a task's watch is held open at most: it is answered over the node's one session. Seconds. */
const MAX_WAIT = 60;

/** Leases hold nothing that was not written, so whoever may write something may have some; those of other services are none to it. */
export function isAllowed(rights: readonly KeyRight[], request: KeyValueRequest): boolean {
  const may = (key: string, write: boolean): boolean =>
    rights.some((right) => key.startsWith(right.prefix) && (right.write || !write));
  switch (request.verb) {
    case 'get':
      return may(request.key, false);
    case 'list':
    case 'watch':
      return may(request.prefix, false);
    case 'put':
    case 'delete':
      return may(request.key, true);
    case 'grant':
    case 'keep-alive':
    case 'revoke':
      return rights.some(({ write }) => write);
  }
}

/** `url` as it stands in the request's first line. Throws for what is none. */
export function readRequest(method: string, url: string, body: Buffer): KeyValueRequest {
  if (!url.startsWith('/')) throw invalid('a path is wanted');
  const { pathname, searchParams } = new URL(`http://cluster${url}`);
  const number = (name: string): number | undefined => numberOf(name, searchParams.get(name));
  const revision = number('revision');
  const guard = revision === undefined ? {} : { revision };
  const lease = searchParams.get('lease');
  const prefix = searchParams.get('prefix') ?? '';
  const [, lent, again] = /^\/leases\/(\d{1,20})(\/keepalive)?$/.exec(pathname) ?? [];
  const key = pathname.startsWith('/kv/') ? decoded(pathname.slice('/kv/'.length)) : undefined;
  if (key !== undefined && method === 'GET') return { verb: 'get', key };
  if (key !== undefined && method === 'PUT')
    return { verb: 'put', key, value: body.toString('base64'), ...guard, ...(lease === null ? {} : { lease }) };
  if (key !== undefined && method === 'DELETE') return { verb: 'delete', key, ...guard };
  if (pathname === '/kv' && method === 'GET') return { verb: 'list', prefix };
  if (pathname === '/watch' && method === 'GET') {
    const since = number('since');
    const wait = number('wait');
    return {
      verb: 'watch',
      prefix,
      ...(since === undefined ? {} : { since }),
      ...(wait === undefined ? {} : { wait: Math.min(wait, MAX_WAIT) }),
    };
  }
  if (pathname === '/leases' && method === 'POST') return { verb: 'grant', seconds: number('seconds') ?? 0 };
  if (lent !== undefined && again !== undefined && method === 'POST') return { verb: 'keep-alive', lease: lent };
  if (lent !== undefined && again === undefined && method === 'DELETE') return { verb: 'revoke', lease: lent };
  throw notFound(`there is no ${method} ${pathname} here: /kv, /kv/KEY, /watch and /leases are`);
}

function numberOf(name: string, text: string | null): number | undefined {
  if (text === null) return undefined;
  if (!/^\d{1,15}$/.test(text))
    throw invalid(`invalid ${name} ${JSON.stringify(text.slice(0, 40))}: a number is wanted`);
  return Number(text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('the path is not encoded rightly');
  }
}

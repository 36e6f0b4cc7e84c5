// Looks for repositories by a word: the index API of Docker Hub and of registries that have it, else their catalog.
import { internal, invalid, messageOf, unavailable } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';
import { discard, readBody } from './http.ts';
import type { Registries } from './registry.ts';
import { sendAuthorized } from './remote.ts';
import { HUB, originOf } from './settings.ts';
import type { Credentials } from './tokens.ts';
import { RefusedError } from './refusal.ts';

export interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly star_count: number;
  readonly is_official: boolean;
  readonly is_automated: boolean;
}

export interface SearchOptions {
  readonly term: string;
  readonly limit: number | undefined;
  readonly filters: ReadonlyMap<string, readonly string[]>;
}

const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 100;
const MAX_BYTES = 8 * 1024 * 1024;
/** The index of Docker Hub is another host than its registry. */
const HUB_INDEX = 'index.docker.io';

/** Throws invalid for what cannot be meant, in Docker's words. */
export async function search(
  registries: Registries,
  request: SearchOptions,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<SearchResult[]> {
  const limit = request.limit || DEFAULT_LIMIT;
  const keep = searchFilter(request.filters);
  if (limit < 1 || limit > MAX_LIMIT) throw invalid(`limit ${limit} is outside the range of [1, ${MAX_LIMIT}]`);
  const { domain, term } = splitTerm(request.term);
  const endpoint = domain === HUB ? { ...originOf(domain), host: HUB_INDEX } : originOf(domain);
  const access = await registries.access(endpoint, signal);
  const url = new URL('/v1/search', access.base);
  url.searchParams.set('q', term);
  url.searchParams.set('n', String(limit));
  const wanted = { method: 'GET', url, signal } as const;
  const answer = await sendAuthorized(access, credentials, wanted, []);
  if (answer.status === 200)
    return resultsOf(parsed(await readBody(answer, MAX_BYTES, 'the search result'))).filter(keep);
  discard(answer);
  if (answer.status !== 404 || domain === HUB) throw unavailable(`Unexpected status code ${answer.status}`);
  return (await byCatalog(registries, domain, term, credentials, signal)).filter(keep).slice(0, limit);
}

/** A first part with a dot, a colon or `localhost` names the registry. */
export function splitTerm(text: string): { domain: string; term: string } {
  if (text.includes('://'))
    throw invalid(`invalid repository name: repository name (${text}) should not have a scheme`);
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  if (!/[.:]/.test(first) && first !== 'localhost') return { domain: HUB, term: text.replace(/^library\//, '') };
  const term = text.slice(slash + 1);
  return first === HUB || first === HUB_INDEX
    ? { domain: HUB, term: term.replace(/^library\//, '') }
    : { domain: first, term };
}

export function searchFilter(filters: ReadonlyMap<string, readonly string[]>): (result: SearchResult) => boolean {
  for (const key of filters.keys())
    if (!['is-automated', 'is-official', 'stars'].includes(key)) throw invalid(`invalid filter '${key}'`);
  const truth = (key: string): boolean | undefined => {
    const [value, ...more] = filters.get(key) ?? [];
    if (value === undefined) return undefined;
    if (more.length > 0 || !/^(1|t|true|0|f|false)$/i.test(value))
      throw invalid(`invalid filter '${key}=[${(filters.get(key) ?? []).join(' ')}]'`);
    return /^(1|t|true)$/i.test(value);
  };
  const official = truth('is-official');
  // what indexes say of it can't be trusted since Docker Hub gave it up: with dockerd too, nothing is automated
  const automated = truth('is-automated') ?? false;
  const stars = (filters.get('stars') ?? []).map((text) => {
    if (!/^[+-]?\d+$/.test(text))
      throw invalid(`invalid filter 'stars=${text}': strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
    return Number(text);
  });
  const least = Math.max(0, ...stars);
  return (result) =>
    !automated && (official === undefined || result.is_official === official) && result.star_count >= least;
}

async function byCatalog(
  registries: Registries,
  domain: string,
  term: string,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<SearchResult[]> {
  const access = await registries.access(originOf(domain), signal);
  const url = new URL('/v2/_catalog?n=1000', access.base);
  // what the index said; that the catalog is closed would make the docker CLI ask for a password
  const none = (): Error => internal('Unexpected status code 404');
  const request = { method: 'GET', url, signal } as const;
  const answer = await sendAuthorized(access, credentials, request, ['registry:catalog:*']).catch((error: unknown) => {
    throw error instanceof RefusedError ? none() : error;
  });
  if (answer.status !== 200) {
    discard(answer);
    throw none();
  }
  const { repositories } = (parsed(await readBody(answer, MAX_BYTES, 'the catalog')) ?? {}) as {
    repositories?: unknown;
  };
  const names: unknown[] = Array.isArray(repositories) ? repositories : [];
  return names
    .filter((name): name is string => typeof name === 'string' && name.includes(term))
    .map((name) => ({ name, description: '', star_count: 0, is_official: false, is_automated: false }));
}

function parsed(body: Buffer): unknown {
  try {
    return parseJson(body.toString());
  } catch (error) {
    // Go's decoder of streams has other words for an end that comes too soon
    const words = messageOf(error).replace('unexpected end of JSON input', 'unexpected EOF');
    throw unavailable(`error decoding registry search results: ${words}`);
  }
}

function resultsOf(value: unknown): SearchResult[] {
  const { results } = (value ?? {}) as { results?: unknown };
  if (!Array.isArray(results)) return [];
  return results
    .filter((one): one is Record<string, unknown> => typeof one === 'object' && one !== null)
    .map((one) => ({
      name: typeof one['name'] === 'string' ? one['name'] : '',
      description: typeof one['description'] === 'string' ? one['description'] : '',
      star_count: typeof one['star_count'] === 'number' ? one['star_count'] : 0,
      is_official: one['is_official'] === true,
      is_automated: false,
    }));
}

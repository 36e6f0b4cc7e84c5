// The hub's own API: search with facets, repositories, what images are made of, what changed between two, stars and collections.
import { type Exchange, readBody, type Route } from '../../http/index.ts';
import type { Authority, Identity } from '../access/index.ts';
import {
  childrenOf,
  choosePlatform,
  type DescribedImage,
  describeImage,
  diffPlatforms,
  filesOf,
  layerFiles,
  type Library,
  packagesOf,
  type PlatformImage,
  readPackages,
} from '../images/index.ts';
import { type Browser, MAX_DESCRIPTION, MAX_README } from '../metadata/index.ts';
import { checkName, checkReference, RegistryError } from '../model/index.ts';
import { type Search, SORTS } from '../search/index.ts';
import { readQuestion } from './question.ts';

/** What the API answers from. */
export interface ApiDesk {
  readonly library: Library;
  readonly browser: Browser;
  readonly search: Search;
  readonly authority: Authority;
  /** Resolves when the catalog holds what the storage holds. */
  readonly indexed: Promise<void>;
  readonly record: (who: Identity, entry: { action: string; repository: string; what: string }) => void;
}

export interface ApiRoute extends Route {
  readonly handle: (exchange: Exchange, who: Identity) => Promise<void>;
}

const BODY_BYTES = MAX_README * 4;
const MAX_PAGE = 100;
const DEFAULT_PAGE = 25;
/** Repositories of a collection. */
const MAX_COLLECTED = 500;
const MAX_NAMES = 50;
const MAX_TITLE = 200;

export function apiRoutes(desk: ApiDesk): readonly ApiRoute[] {
  const route = (method: Route['method'], path: string, run: ApiRoute['handle']): ApiRoute => ({
    method,
    path: `/api/v1/${path}`,
    handle: async (exchange, who) => {
      await desk.indexed;
      await run(exchange, who);
    },
  });
  const one = 'repositories/{name+}/-';
  const may = (exchange: Exchange, who: Identity, action: 'pull' | 'push'): string => {
    const name = checkName(exchange.param('name'));
    desk.authority.authorize(exchange, who, name, action);
    if (!desk.browser.repository(name)) throw new RegistryError('NAME_UNKNOWN', { detail: { name } });
    return name;
  };
  const account = (exchange: Exchange, who: Identity): string => {
    if (!who.account) throw desk.authority.challenge(exchange, undefined, undefined);
    return who.name;
  };
  const image = async (exchange: Exchange, name: string, text: string): Promise<Found> => {
    const found = await describeImage(desk.library, name, checkReference(text));
    const wanted = exchange.query.get('platform') ?? '';
    const platform = choosePlatform(found, wanted);
    if (!platform) throw new RegistryError('MANIFEST_UNKNOWN', { detail: { platform: wanted } });
    return { image: found, platform };
  };

  return [
    route('GET', 'search', (exchange, who) => {
      const names = desk.search.names(readQuestion(exchange.query, Date.now())).filter((name) => who.may(name, 'pull'));
      const { page, size } = pageOf(exchange.query);
      exchange.json(200, {
        count: names.length,
        page,
        size,
        sorts: SORTS,
        results: desk.search.rows(names.slice((page - 1) * size, page * size)),
        facets: desk.search.facets(names),
      });
      return Promise.resolve();
    }),
    route('GET', 'collections', (exchange, who) => {
      const collections = desk.browser.collections().map((collection) => ({
        ...collection,
        repositories: collection.repositories.filter((name) => who.may(name, 'pull')),
      }));
      exchange.json(200, { collections });
      return Promise.resolve();
    }),
    route('PUT', 'collections/{collection}', async (exchange, who) => {
      const owner = account(exchange, who);
      const name = checkCollection(desk, exchange, who);
      const body = await readObject(exchange);
      const repositories = body['repositories'];
      if (!Array.isArray(repositories) || repositories.length > MAX_COLLECTED)
        throw unfit(`repositories is a list of ${MAX_COLLECTED} names at most`);
      const names = repositories.map((one) => checkName(typeof one === 'string' ? one : ''));
      const hidden = names.find((one) => !who.may(one, 'pull') || !desk.browser.repository(one));
      if (hidden !== undefined) throw new RegistryError('NAME_UNKNOWN', { detail: { name: hidden } });
      desk.browser.setCollection({ name, title: textOf(body, 'title', MAX_TITLE) ?? name, owner, repositories: names });
      desk.record(who, { action: 'collect', repository: '', what: name });
      exchange.empty(204);
    }),
    route('DELETE', 'collections/{collection}', (exchange, who) => {
      account(exchange, who);
      desk.browser.removeCollection(checkCollection(desk, exchange, who));
      exchange.empty(204);
      return Promise.resolve();
    }),
    route('GET', `${one}/tags`, (exchange, who) => {
      const name = may(exchange, who, 'pull');
      const { page, size } = pageOf(exchange.query);
      const count = desk.browser.repository(name)?.tags ?? 0;
      exchange.json(200, { name, count, page, size, tags: desk.browser.tags(name, (page - 1) * size, size) });
      return Promise.resolve();
    }),
    route('GET', `${one}/images/{reference}`, async (exchange, who) => {
      const name = may(exchange, who, 'pull');
      const found = await describeImage(desk.library, name, checkReference(exchange.param('reference')));
      const seen = ({ repository }: { repository: string }): boolean => who.may(repository, 'pull');
      exchange.json(200, {
        ...found,
        platforms: found.platforms.map((platform) => ({
          ...platform,
          bases: desk.browser.basesOf(name, platform.digest, MAX_NAMES).filter(seen),
          builtOn: desk.browser.builtOn(name, platform.digest, MAX_NAMES).filter(seen),
        })),
      });
    }),
    route('GET', `${one}/files/{reference}`, async (exchange, who) => {
      const name = may(exchange, who, 'pull');
      const { platform } = await image(exchange, name, exchange.param('reference'));
      const files = filesOf(await layerFiles(desk.library, platform)).values();
      const path = (exchange.query.get('path') ?? '').split('/').filter(Boolean).join('/');
      exchange.json(200, { digest: platform.digest, path, children: childrenOf(files, path) });
    }),
    route('GET', `${one}/packages/{reference}`, async (exchange, who) => {
      const name = may(exchange, who, 'pull');
      const { platform } = await image(exchange, name, exchange.param('reference'));
      const packages = readPackages(packagesOf(await layerFiles(desk.library, platform)));
      exchange.json(200, {
        digest: platform.digest,
        packages: [...packages].map(([packageName, version]) => ({ name: packageName, version })),
      });
    }),
    route('GET', `${one}/diff`, async (exchange, who) => {
      const name = may(exchange, who, 'pull');
      const before = await image(exchange, name, exchange.query.get('from') ?? '');
      const after = await image(exchange, name, exchange.query.get('to') ?? '');
      exchange.json(200, {
        from: before.platform.digest,
        to: after.platform.digest,
        platform: after.platform.platform,
        ...(await diffPlatforms(desk.library, before.platform, after.platform)),
      });
    }),
    route('PUT', `${one}/star`, (exchange, who) => setStar(exchange, who, true)),
    route('DELETE', `${one}/star`, (exchange, who) => setStar(exchange, who, false)),
    route('GET', 'repositories/{name+}', (exchange, who) => {
      exchange.json(200, desk.browser.repository(may(exchange, who, 'pull')));
      return Promise.resolve();
    }),
    route('PATCH', 'repositories/{name+}', async (exchange, who) => {
      const name = may(exchange, who, 'push');
      const body = await readObject(exchange);
      const description = textOf(body, 'description', MAX_DESCRIPTION);
      const readme = textOf(body, 'readme', MAX_README);
      desk.browser.describe(name, {
        ...(description === undefined ? {} : { description }),
        ...(readme === undefined ? {} : { readme }),
      });
      desk.record(who, { action: 'describe', repository: name, what: '' });
      exchange.json(200, desk.browser.repository(name));
    }),
  ];

  function setStar(exchange: Exchange, who: Identity, isSet: boolean): Promise<void> {
    const name = may(exchange, who, 'pull');
    desk.browser.setStar(account(exchange, who), name, isSet);
    exchange.empty(204);
    return Promise.resolve();
  }
}

interface Found {
  readonly image: DescribedImage;
  readonly platform: PlatformImage;
}

/** A collection is its owner's, and an admin's. */
function checkCollection(desk: ApiDesk, exchange: Exchange, who: Identity): string {
  const name = exchange.param('collection');
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name))
    throw unfit('a collection is called by small letters, digits and . _ -');
  if (who.account?.key && who.account.key.role === 'read') throw new RegistryError('DENIED');
  const known = desk.browser.collections().find((collection) => collection.name === name);
  if (known && known.owner !== who.name && who.account?.isAdmin !== true)
    throw new RegistryError('DENIED', { message: `collection ${name} belongs to ${known.owner}` });
  return name;
}

function pageOf(query: URLSearchParams): { readonly page: number; readonly size: number } {
  const number = (name: string, otherwise: number, most: number): number => {
    const text = query.get(name);
    if (text === null) return otherwise;
    if (!/^[1-9]\d{0,6}$/.test(text)) throw unfit(`${name} is a number from 1`);
    return Math.min(Number(text), most);
  };
  return { page: number('page', 1, 1_000_000), size: number('size', DEFAULT_PAGE, MAX_PAGE) };
}

async function readObject(exchange: Exchange): Promise<Record<string, unknown>> {
  const content = await readBody(exchange.request, BODY_BYTES);
  let value: unknown;
  try {
    value = JSON.parse(content.toString('utf8'));
  } catch {
    throw unfit('the body is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unfit('the body is no object');
  return value as Record<string, unknown>;
}

function textOf(body: Record<string, unknown>, name: string, most: number): string | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.length > most) throw unfit(`${name} is a text of ${most} characters at most`);
  return value;
}

function unfit(message: string): RegistryError {
  return new RegistryError('UNSUPPORTED', { status: 400, message });
}

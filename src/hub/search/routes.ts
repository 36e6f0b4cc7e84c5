// The answers of a search in the forms that clients know: Docker's index of before registries, and Docker Hub's.
import type { Exchange } from '../../http/index.ts';
import type { Search, SearchRow } from './search.ts';

const DEFAULT_PAGE = 25;
const MAX_PAGE = 100;

/** As far as the search wants to know. */
interface Reader {
  may(repository: string, action: 'pull'): boolean;
}

export interface SearchRoute {
  readonly method: 'GET';
  readonly path: string;
  readonly run: (exchange: Exchange, reader: Reader) => void;
}

export function searchRoutes(search: Search): readonly SearchRoute[] {
  const route = (path: string, run: SearchRoute['run']): SearchRoute => ({ method: 'GET', path, run });
  const hub = (exchange: Exchange, reader: Reader): void => {
    const { rows, total, page, size } = find(search, exchange, reader, 'query', 'page_size');
    exchange.json(200, {
      count: total,
      next: null,
      previous: null,
      page,
      page_size: size,
      results: rows.map(({ name, description, stars, pulls }) => ({
        repo_name: name,
        short_description: description,
        star_count: stars,
        pull_count: pulls,
        repo_owner: name.includes('/') ? name.split('/', 1)[0] : '',
        is_automated: false,
        is_official: false,
      })),
    });
  };
  return [
    route('/v1/_ping', (exchange) => exchange.json(200, true, { 'X-Docker-Registry-Standalone': 'true' })),
    route('/v1/search', (exchange, reader) => {
      const { rows, total, page, size } = find(search, exchange, reader, 'q', 'n');
      exchange.json(200, {
        query: exchange.query.get('q') ?? '',
        num_results: total,
        num_pages: Math.ceil(total / size),
        page,
        page_size: size,
        results: rows.map(({ name, description, stars, pulls }) => ({
          name,
          description,
          star_count: stars,
          pull_count: pulls,
          is_official: false,
          is_automated: false,
        })),
      });
    }),
    route('/v2/search/repositories', hub),
    route('/v2/search/repositories/', hub),
  ];
}

interface Page {
  readonly rows: readonly SearchRow[];
  /** Those that the reader may pull from, as far as they were ranked. */
  readonly total: number;
  readonly page: number;
  readonly size: number;
}

function find(search: Search, { query }: Exchange, reader: Reader, term: string, sizeName: string): Page {
  const number = (name: string, otherwise: number, most: number): number => {
    const value = Number(query.get(name) ?? otherwise);
    return Number.isInteger(value) && value >= 1 ? Math.min(value, most) : otherwise;
  };
  const size = number(sizeName, DEFAULT_PAGE, MAX_PAGE);
  const page = number('page', 1, 1000);
  const names = search.names({ text: query.get(term) ?? '' }).filter((name) => reader.may(name, 'pull'));
  return { rows: search.rows(names.slice((page - 1) * size, page * size)), total: names.length, page, size };
}

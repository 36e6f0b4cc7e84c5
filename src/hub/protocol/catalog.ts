// GET of the repositories that the caller may pull from, in pages.
import { MAX_PAGE, linkTo, readPage } from './pagination.ts';
import type { Call } from './registry.ts';

const DEFAULT_PAGE = 100;

export async function listRepositories({ registry, exchange, caller }: Call): Promise<void> {
  await registry.indexed;
  const { size = DEFAULT_PAGE, last } = readPage(exchange.query);
  const names: string[] = [];
  let after = last;
  // one more than asked for tells whether there is another page
  while (size > 0 && names.length <= size) {
    const batch = registry.catalog.names(after, MAX_PAGE);
    for (const name of batch) if (names.length <= size && caller.may(name, 'pull')) names.push(name);
    const end = batch.at(-1);
    if (end === undefined || batch.length < MAX_PAGE) break;
    after = end;
  }
  const repositories = names.slice(0, size);
  const more = names.length > size ? repositories.at(-1) : undefined;
  exchange.json(200, { repositories }, linkTo('/v2/_catalog', size, more));
}

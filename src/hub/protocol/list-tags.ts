// GET of a repository's tags, all of them or a page.
import { checkName, RegistryError } from '../model/index.ts';
import { linkTo, readPage } from './pagination.ts';
import type { Call } from './registry.ts';

export async function listTags({ registry, exchange }: Call): Promise<void> {
  const name = checkName(exchange.param('name'));
  const { size, last } = readPage(exchange.query);
  const { repositories } = registry.storage;
  const all = await repositories.tags(name);
  if (all.length === 0 && !(await repositories.exists(name)))
    throw new RegistryError('NAME_UNKNOWN', { detail: { name } });
  const from = last === '' ? 0 : all.findIndex((tag) => tag > last);
  const rest = from < 0 ? [] : all.slice(from);
  const tags = size === undefined ? rest : rest.slice(0, size);
  const more = size !== undefined && size > 0 && rest.length > size ? tags.at(-1) : undefined;
  exchange.json(200, { name, tags }, linkTo(`/v2/${name}/tags/list`, size ?? 0, more));
}

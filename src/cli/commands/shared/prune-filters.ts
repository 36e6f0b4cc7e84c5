// The filters of a prune: those of the command line joined with `pruneFilters` of the client configuration.
import type { Context } from '../../session/context.ts';
import type { Filters } from '../../grammar/index.ts';

export function pruneFilters(context: Context, given: Filters): Filters {
  const { pruneFilters: configured } = context.config();
  if (!Array.isArray(configured)) return given;
  const filters = new Map([...given].map(([key, values]) => [key, [...values]]));
  for (const entry of configured) {
    const [name = '', value] = String(entry).split(/=(.*)/s);
    if (value === undefined) continue;
    // A label on the command line overrules its opposite in the configuration.
    if (name === 'label' && filters.get('label!')?.includes(value)) continue;
    if (name === 'label!' && filters.get('label')?.includes(value)) continue;
    filters.set(name, [...(filters.get(name) ?? []), value]);
  }
  return filters;
}

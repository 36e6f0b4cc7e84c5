// `network prune`: removes networks that no container uses.
import type { Filters } from '../../../spec/docker/routes.ts';
import { type Context, command } from '../../session/context.ts';
import { flag, none } from '../../grammar/index.ts';
import { confirm } from '../shared/prompt.ts';
import { pruneFilters } from '../shared/prune-filters.ts';

export const prune = command({
  use: '[OPTIONS]',
  description: 'Remove all unused networks',
  args: none,
  flags: {
    filter: flag.filter('', 'Provide filter values (e.g. "until=<timestamp>")'),
    force: flag.bool('f', 'Do not prompt for confirmation'),
  },
  async run(context, { flags }) {
    const question =
      'WARNING! This will remove all custom networks not used by at least one container.\nAre you sure you want to continue?';
    if (!flags.force && !confirm(context, question)) return 0;
    const { text } = await pruneNetworks(context, pruneFilters(context, flags.filter));
    if (text !== '') context.out(`${text}\n`);
    return 0;
  },
});

export async function pruneNetworks(context: Context, filters: Filters): Promise<{ text: string; space: number }> {
  const report = await context.client.json<{ NetworksDeleted: string[] | null }>('NetworkPrune', {
    query: { filters },
  });
  const names = report.NetworksDeleted ?? [];
  return {
    text: names.length === 0 ? '' : `Deleted Networks:\n${names.map((name) => `${name}\n`).join('')}`,
    space: 0,
  };
}

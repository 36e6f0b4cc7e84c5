// `container prune`: removes stopped containers.
import { humanSize } from '../../../base/units.ts';
import type { Filters } from '../../../spec/docker/routes.ts';
import { type Context, command } from '../../session/context.ts';
import { flag, none } from '../../grammar/index.ts';
import { confirm } from '../shared/prompt.ts';
import { pruneFilters } from '../shared/prune-filters.ts';

export const prune = command({
  use: '[OPTIONS]',
  description: 'Remove all stopped containers',
  args: none,
  flags: {
    filter: flag.filter('', 'Provide filter values (e.g. "until=<timestamp>")'),
    force: flag.bool('f', 'Do not prompt for confirmation'),
  },
  async run(context, { flags }) {
    const question = 'WARNING! This will remove all stopped containers.\nAre you sure you want to continue?';
    if (!flags.force && !confirm(context, question)) return 0;
    const { text, space } = await pruneContainers(context, pruneFilters(context, flags.filter));
    context.out(`${text === '' ? '' : `${text}\n`}Total reclaimed space: ${humanSize(space, 4)}\n`);
    return 0;
  },
});

/** What was removed, as text, and the bytes that came free. */
export async function pruneContainers(context: Context, filters: Filters): Promise<{ text: string; space: number }> {
  const report = await context.client.call('ContainerPrune', { query: { filters } });
  const ids = report.ContainersDeleted ?? [];
  if (ids.length === 0) return { text: '', space: 0 };
  return { text: `Deleted Containers:\n${ids.map((id) => `${id}\n`).join('')}`, space: report.SpaceReclaimed };
}

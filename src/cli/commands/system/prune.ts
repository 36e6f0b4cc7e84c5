// `system prune`: removes all that is unused.
import { humanSize } from '../../../base/units.ts';
import { type Context, command } from '../../session/context.ts';
import { Failure, type Filters, flag, none } from '../../grammar/index.ts';
import { pruneContainers } from '../container/prune.ts';
import { pruneImages } from '../image/prune.ts';
import { pruneNetworks } from '../network/prune.ts';
import { confirm } from '../shared/prompt.ts';
import { pruneFilters } from '../shared/prune-filters.ts';
import { pruneVolumes } from '../volume/prune.ts';

export const prune = command({
  use: '[OPTIONS]',
  description: 'Remove unused data',
  args: none,
  flags: {
    all: flag.bool('a', 'Remove all unused images not just dangling ones'),
    filter: flag.filter('', 'Provide filter values (e.g. "label=<key>=<value>")'),
    force: flag.bool('f', 'Do not prompt for confirmation'),
    volumes: flag.bool('', 'Prune anonymous volumes'),
  },
  async run(context, { flags }) {
    const filters = pruneFilters(context, flags.filter);
    if (flags.volumes && filters.has('until'))
      throw new Failure('ERROR: The "until" filter is not supported with "--volumes"');
    if (!flags.force && !confirm(context, warning(flags.all, flags.volumes, filters))) return 0;
    let space = 0;
    const add = async (work: Promise<{ text: string; space: number }>): Promise<void> => {
      const done = await work;
      space += done.space;
      if (done.text !== '') context.out(`${done.text}\n`);
    };
    await add(pruneContainers(context, filters));
    await add(pruneNetworks(context, filters));
    if (flags.volumes) await add(pruneVolumes(context, filters));
    await add(pruneImages(context, filters, flags.all));
    await add(pruneBuildCache(context, flags.all, filters));
    context.out(`Total reclaimed space: ${humanSize(space, 4)}\n`);
    return 0;
  },
});

async function pruneBuildCache(
  context: Context,
  all: boolean,
  filters: Filters,
): Promise<{ text: string; space: number }> {
  const report = await context.client.json<{ CachesDeleted: string[] | null; SpaceReclaimed: number }>('BuildPrune', {
    query: { ...(all ? { all } : {}), filters },
  });
  const ids = report.CachesDeleted ?? [];
  return {
    text: ids.length === 0 ? '' : `Deleted build cache objects:\n${ids.map((id) => `${id}\n`).join('')}`,
    space: report.SpaceReclaimed,
  };
}

function warning(all: boolean, volumes: boolean, filters: Filters): string {
  const lines = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(volumes ? ['all anonymous volumes not used by at least one container'] : []),
    ...(all
      ? ['all images without at least one container associated to them', 'all build cache']
      : ['all dangling images', 'unused build cache']),
  ];
  const shown = [...filters].flatMap(([key, values]) => values.map((value) => `${key}=${value}`)).sort();
  const items =
    shown.length === 0
      ? ''
      : `\n  Items to be pruned will be filtered with:\n${shown.map((one) => `  - ${one}\n`).join('')}`;
  return `WARNING! This will remove:\n${lines.map((line) => `  - ${line}\n`).join('')}${items}\nAre you sure you want to continue?`;
}

// `volume prune`: removes volumes that no container uses.
import { humanSize } from '../../../base/units.ts';
import type { Filters } from '../../../spec/docker/routes.ts';
import { type Context, command } from '../../session/context.ts';
import { Failure, flag, none } from '../../grammar/index.ts';
import { confirm } from '../shared/prompt.ts';
import { pruneFilters } from '../shared/prune-filters.ts';

export const prune = command({
  use: '[OPTIONS]',
  description: 'Remove unused local volumes',
  args: none,
  flags: {
    all: flag.bool('a', 'Remove all unused volumes, not just anonymous ones', false, { since: '1.42' }),
    filter: flag.filter('', 'Provide filter values (e.g. "label=<label>")'),
    force: flag.bool('f', 'Do not prompt for confirmation'),
  },
  async run(context, { flags }) {
    if (flags.all && flags.filter.has('all'))
      throw new Failure('conflicting options: cannot specify both --all and --filter all=1');
    const filters = new Map(pruneFilters(context, flags.filter));
    if (flags.all) filters.set('all', ['true']);
    const question = `WARNING! This will remove ${flags.all ? 'all' : 'anonymous'} local volumes not used by at least one container.\nAre you sure you want to continue?`;
    if (!flags.force && !confirm(context, question)) return 0;
    const { text, space } = await pruneVolumes(context, filters);
    context.out(`${text === '' ? '' : `${text}\n`}Total reclaimed space: ${humanSize(space, 4)}\n`);
    return 0;
  },
});

export async function pruneVolumes(context: Context, filters: Filters): Promise<{ text: string; space: number }> {
  const report = await context.client.call('VolumePrune', { query: { filters } });
  const names = report.VolumesDeleted ?? [];
  if (names.length === 0) return { text: '', space: 0 };
  return { text: `Deleted Volumes:\n${names.map((name) => `${name}\n`).join('')}`, space: report.SpaceReclaimed };
}

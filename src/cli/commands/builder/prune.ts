// `builder prune`: removes what the build cache holds and no build uses.
import { humanSize } from '../../../base/units.ts';
import { command } from '../../session/context.ts';
import { flag, none } from '../../grammar/index.ts';
import { confirm } from '../shared/prompt.ts';

export const prune = command({
  use: '[OPTIONS]',
  description: 'Remove build cache',
  args: none,
  flags: {
    all: flag.bool('a', 'Remove all unused build cache, not just dangling ones'),
    filter: flag.filter('', 'Provide filter values (e.g. "until=24h")'),
    force: flag.bool('f', 'Do not prompt for confirmation'),
    'keep-storage': flag.bytes('', 'Amount of disk space to keep for cache'),
  },
  async run(context, { flags }) {
    const question = flags.all
      ? 'WARNING! This will remove all build cache. Are you sure you want to continue?'
      : 'WARNING! This will remove all dangling build cache. Are you sure you want to continue?';
    if (!flags.force && !confirm(context, question)) return 0;
    const report = await context.client.json<{ CachesDeleted: string[] | null; SpaceReclaimed: number }>('BuildPrune', {
      query: {
        ...(flags.all ? { all: true } : {}),
        ...(flags['keep-storage'] ? { 'reserved-space': flags['keep-storage'] } : {}),
        filters: flags.filter,
      },
    });
    const ids = report.CachesDeleted ?? [];
    if (ids.length > 0) context.out(`Deleted build cache objects:\n${ids.map((id) => `${id}\n`).join('')}\n`);
    context.out(`Total reclaimed space: ${humanSize(report.SpaceReclaimed, 4)}\n`);
    return 0;
  },
});

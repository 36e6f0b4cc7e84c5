// `image prune`: removes images that nothing uses.
import { humanSize } from '../../../base/units.ts';
import type { Filters } from '../../../spec/docker/routes.ts';
import { type Context, command } from '../../session/context.ts';
import { flag, none } from '../../grammar/index.ts';
import { confirm } from '../shared/prompt.ts';
import { pruneFilters } from '../shared/prune-filters.ts';

export const prune = command({
  use: '[OPTIONS]',
  description: 'Remove unused images',
  args: none,
  flags: {
    all: flag.bool('a', 'Remove all unused images, not just dangling ones'),
    filter: flag.filter('', 'Provide filter values (e.g. "until=<timestamp>")'),
    force: flag.bool('f', 'Do not prompt for confirmation'),
  },
  async run(context, { flags }) {
    const question = flags.all
      ? 'WARNING! This will remove all images without at least one container associated to them.\nAre you sure you want to continue?'
      : 'WARNING! This will remove all dangling images.\nAre you sure you want to continue?';
    if (!flags.force && !confirm(context, question)) return 0;
    const { text, space } = await pruneImages(context, pruneFilters(context, flags.filter), flags.all);
    context.out(`${text === '' ? '' : `${text}\n`}Total reclaimed space: ${humanSize(space, 4)}\n`);
    return 0;
  },
});

export async function pruneImages(
  context: Context,
  given: Filters,
  all: boolean,
): Promise<{ text: string; space: number }> {
  const filters = new Map([...given, ['dangling', [String(!all)]]]);
  const report = await context.client.call('ImagePrune', { query: { filters } });
  const items = report.ImagesDeleted ?? [];
  if (items.length === 0) return { text: '', space: 0 };
  const lines = items.map((item) => (item.Untagged ? `untagged: ${item.Untagged}\n` : `deleted: ${item.Deleted}\n`));
  return { text: `Deleted Images:\n${lines.join('')}`, space: report.SpaceReclaimed };
}

// `unpause`: the freezer of containers.
import { command } from '../../session/context.ts';
import { atLeast } from '../../grammar/index.ts';
import { forEach } from '../shared/batch.ts';

export const unpause = command({
  use: 'CONTAINER [CONTAINER...]',
  description: 'Unpause all processes within one or more containers',
  aliases: 'docker container unpause, docker unpause',
  args: atLeast(1),
  flags: {},
  async run(context, { args }) {
    return forEach(context, args, (id) => context.client.text('ContainerUnpause', { params: { id } }));
  },
});

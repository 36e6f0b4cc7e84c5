// `pause`: the freezer of containers.
import { command } from '../../session/context.ts';
import { atLeast } from '../../grammar/index.ts';
import { forEach } from '../shared/batch.ts';

export const pause = command({
  use: 'CONTAINER [CONTAINER...]',
  description: 'Pause all processes within one or more containers',
  aliases: 'docker container pause, docker pause',
  args: atLeast(1),
  flags: {},
  async run(context, { args }) {
    return forEach(context, args, (id) => context.client.text('ContainerPause', { params: { id } }));
  },
});

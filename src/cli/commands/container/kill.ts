// `kill`: a signal to running containers.
import { command } from '../../session/context.ts';
import { atLeast, flag } from '../../grammar/index.ts';
import { forEach } from '../shared/batch.ts';

export const kill = command({
  use: '[OPTIONS] CONTAINER [CONTAINER...]',
  description: 'Kill one or more running containers',
  aliases: 'docker container kill, docker kill',
  args: atLeast(1),
  flags: {
    signal: flag.string('s', 'Signal to send to the container'),
  },
  async run(context, { flags, args }) {
    const query = flags.signal === '' ? {} : { signal: flags.signal };
    return forEach(context, args, (id) => context.client.text('ContainerKill', { params: { id }, query }));
  },
});

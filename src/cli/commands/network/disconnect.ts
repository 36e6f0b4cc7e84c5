// `network disconnect`: takes a network from a container.
import { command } from '../../session/context.ts';
import { exactly, flag } from '../../grammar/index.ts';

export const disconnect = command({
  use: '[OPTIONS] NETWORK CONTAINER',
  description: 'Disconnect a container from a network',
  args: exactly(2),
  flags: {
    force: flag.bool('f', 'Force the container to disconnect from a network'),
  },
  async run(context, { flags, args: [id = '', container = ''] }) {
    await context.client.text('NetworkDisconnect', {
      params: { id },
      json: { Container: container, Force: flags.force },
    });
    return 0;
  },
});

// `create`: a container that is not started.
import { command } from '../../session/context.ts';
import { atLeast } from '../../grammar/index.ts';
import { createContainer, planCreation } from './creation.ts';
import { containerFlags } from './flags.ts';

export const create = command({
  use: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  description: 'Create a new container',
  aliases: 'docker container create, docker create',
  args: atLeast(1),
  flagsFirst: true,
  flags: containerFlags,
  async run(context, { flags, changed, args: [image = '', ...words] }) {
    const body = await planCreation(context, 'create', {
      flags,
      changed: changed as (name: string) => boolean,
      image,
      command: words,
    });
    const { name, platform, pull, quiet, cidfile } = flags;
    context.out(`${await createContainer(context, { body, name, platform, pull, quiet, cidfile })}\n`);
    return 0;
  },
});

// `rm`: removes containers.
import { dropEnds } from '../../../base/ends.ts';
import { BerthError } from '../../../base/errors.ts';
import { command } from '../../session/context.ts';
import { atLeast, flag } from '../../grammar/index.ts';
import { forEach, SILENT } from '../shared/batch.ts';

export const rm = command({
  use: '[OPTIONS] CONTAINER [CONTAINER...]',
  description: 'Remove one or more containers',
  aliases: 'docker container rm, docker container remove, docker rm',
  args: atLeast(1),
  flags: {
    force: flag.bool('f', 'Force the removal of a running container (uses SIGKILL)'),
    link: flag.bool('l', 'Remove the specified link'),
    volumes: flag.bool('v', 'Remove anonymous volumes associated with the container'),
  },
  async run(context, { flags, args }) {
    const query = {
      ...(flags.volumes ? { v: true } : {}),
      ...(flags.link ? { link: true } : {}),
      ...(flags.force ? { force: true } : {}),
    };
    return forEach(context, args, async (name) => {
      const id = dropEnds(name, '/');
      if (id === '') throw new Error('container name cannot be empty');
      try {
        await context.client.text('ContainerDelete', { params: { id }, query });
      } catch (error) {
        if (!flags.force || !(error instanceof BerthError) || error.kind !== 'notFound') throw error;
        context.err(`${error.message}\n`);
        return SILENT;
      }
      return undefined;
    });
  },
});

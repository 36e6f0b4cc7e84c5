// `volume rm`: removes volumes.
import { command } from '../../session/context.ts';
import { atLeast, flag } from '../../grammar/index.ts';
import { messageOf } from '../../../base/errors.ts';
import { Failure } from '../../grammar/index.ts';

export const rm = command({
  use: '[OPTIONS] VOLUME [VOLUME...]',
  description: 'Remove one or more volumes. You cannot remove a volume that is in use by a container.',
  aliases: 'docker volume rm, docker volume remove',
  args: atLeast(1),
  flags: {
    force: flag.bool('f', 'Force the removal of one or more volumes'),
  },
  async run(context, { flags, args }) {
    const errors: string[] = [];
    for (const name of args) {
      try {
        await context.client.text('VolumeDelete', { params: { name }, query: flags.force ? { force: true } : {} });
        context.out(`${name}\n`);
      } catch (error) {
        errors.push(messageOf(error));
      }
    }
    if (errors.length > 0) throw new Failure(errors.join('\n'));
    return 0;
  },
});

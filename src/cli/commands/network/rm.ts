// `network rm`: removes networks.
import { BerthError, messageOf } from '../../../base/errors.ts';
import { command } from '../../session/context.ts';
import { atLeast, Failure, flag } from '../../grammar/index.ts';

export const rm = command({
  use: 'NETWORK [NETWORK...]',
  description: 'Remove one or more networks',
  aliases: 'docker network rm, docker network remove',
  args: atLeast(1),
  flags: {
    force: flag.bool('f', 'Do not error if the network does not exist'),
  },
  async run(context, { flags, args }) {
    let failed = false;
    for (const id of args) {
      try {
        await context.client.text('NetworkDelete', { params: { id } });
        context.out(`${id}\n`);
      } catch (error) {
        if (flags.force && error instanceof BerthError && error.kind === 'notFound') continue;
        context.err(`${messageOf(error)}\n`);
        failed = true;
      }
    }
    if (failed) throw new Failure('exit status 1');
    return 0;
  },
});

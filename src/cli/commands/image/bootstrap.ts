// `image bootstrap`: an image made on this machine, out of packages, without a registry.
import { command } from '../../session/context.ts';
import { exactly, Failure, flag } from '../../grammar/index.ts';
import { showProgress } from '../../progress/index.ts';
import { displayOn } from '../shared/display-on.ts';

export const bootstrap = command({
  use: '[OPTIONS] NAME[:TAG]',
  description: 'Make an image on this machine, without a registry',
  args: exactly(1),
  flags: { quiet: flag.bool('q', 'Only print the image ID') },
  async run(context, { flags, args: [name = ''] }) {
    let id = '';
    const answer = await context.client.own('POST', '/berth/images/bootstrap', { name });
    await showProgress(
      answer.body,
      displayOn(context, flags.quiet ? undefined : 1, (aux) => {
        const seen = (aux as { ID?: unknown }).ID;
        if (typeof seen === 'string') id = seen;
      }),
    );
    if (id === '') throw new Failure('the daemon did not say which image it made');
    context.out(`${id}\n`);
    return 0;
  },
});

// `save`: images as a tar archive.
import { command } from '../../session/context.ts';
import { atLeast, Failure, flag } from '../../grammar/index.ts';
import { saveStream } from '../shared/archive-output.ts';
import { platformQuery } from './platform.ts';

export const save = command({
  use: '[OPTIONS] IMAGE [IMAGE...]',
  description: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
  aliases: 'docker image save, docker save',
  args: atLeast(1),
  flags: {
    output: flag.string('o', 'Write to a file, instead of STDOUT'),
    platform: flag.string(
      '',
      'Save only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
      '',
      { since: '1.48' },
    ),
  },
  async run(context, { flags, args }) {
    if (flags.output === '' && context.terminal(1)) {
      throw new Failure('cowardly refusing to save to a terminal. Use the -o flag or redirect');
    }
    const { platform } = platformQuery(flags.platform);
    const query = { names: args, ...(platform === undefined ? {} : { platform: [platform] }) };
    await saveStream(
      context,
      flags.output,
      'failed to save image',
      async () => (await context.client.stream('ImageGetAll', { query })).body,
    );
    return 0;
  },
});

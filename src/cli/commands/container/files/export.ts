// `export`: a container's file system as a tar archive.
import { command } from '../../../session/context.ts';
import { exactly, Failure, flag } from '../../../grammar/index.ts';
import { saveStream } from '../../shared/archive-output.ts';

export const exportContainer = command({
  use: '[OPTIONS] CONTAINER',
  description: "Export a container's filesystem as a tar archive",
  aliases: 'docker container export, docker export',
  args: exactly(1),
  flags: {
    output: flag.string('o', 'Write to a file, instead of STDOUT'),
  },
  async run(context, { flags, args: [id = ''] }) {
    if (flags.output === '' && context.terminal(1)) {
      throw new Failure('cowardly refusing to save to a terminal. Use the -o flag or redirect');
    }
    await saveStream(
      context,
      flags.output,
      'failed to export container',
      async () => (await context.client.stream('ContainerExport', { params: { id } })).body,
    );
    return 0;
  },
});

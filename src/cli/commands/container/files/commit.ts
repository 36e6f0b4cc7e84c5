// `commit`: an image out of a container.
import { command } from '../../../session/context.ts';
import { flag, range } from '../../../grammar/index.ts';
import { parseReference } from '../../../../spec/docker/shorthand/index.ts';

export const commit = command({
  use: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
  description: "Create a new image from a container's changes",
  aliases: 'docker container commit, docker commit',
  args: range(1, 2),
  flags: {
    author: flag.string('a', 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")'),
    change: flag.list('c', 'Apply Dockerfile instruction to the created image'),
    message: flag.string('m', 'Commit message'),
    pause: flag.bool('p', 'Pause container during commit', true),
  },
  async run(context, { flags, args: [container = '', reference = ''] }) {
    const name = reference === '' ? undefined : parseReference(reference);
    const answer = await context.client.json<{ Id: string }>('ImageCommit', {
      query: {
        container,
        ...(name ? { repo: name.name, tag: name.tag ?? 'latest' } : {}),
        ...(flags.message === '' ? {} : { comment: flags.message }),
        ...(flags.author === '' ? {} : { author: flags.author }),
        ...(flags.pause ? {} : { pause: false }),
        ...(flags.change.length > 0 ? { changes: [...flags.change] } : {}),
      },
      // no configuration of its own: changes are made to the container's
      json: null,
    });
    context.out(`${answer.Id}\n`);
    return 0;
  },
});

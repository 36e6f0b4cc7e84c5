// `diff`: what a container changed in its file system.
import { command } from '../../../session/context.ts';
import { exactly } from '../../../grammar/index.ts';

export const diff = command({
  use: 'CONTAINER',
  description: "Inspect changes to files or directories on a container's filesystem",
  aliases: 'docker container diff, docker diff',
  args: exactly(1),
  flags: {},
  async run(context, { args: [id = ''] }) {
    const changes = await context.client.json<{ Path: string; Kind: number }[] | null>('ContainerChanges', {
      params: { id },
    });
    context.out((changes ?? []).map((change) => `${['C', 'A', 'D'][change.Kind] ?? '?'} ${change.Path}\n`).join(''));
    return 0;
  },
});

// `wait`: blocks until containers stop, then prints their exit codes.
import { messageOf } from '../../../base/errors.ts';
import { command } from '../../session/context.ts';
import { atLeast, Failure } from '../../grammar/index.ts';

export const wait = command({
  use: 'CONTAINER [CONTAINER...]',
  description: 'Block until one or more containers stop, then print their exit codes',
  aliases: 'docker container wait, docker wait',
  args: atLeast(1),
  flags: {},
  async run(context, { args }) {
    const errors: string[] = [];
    for (const id of args) {
      try {
        const result = await context.client.call('ContainerWait', { params: { id } });
        context.out(`${result.StatusCode}\n`);
      } catch (error) {
        errors.push(messageOf(error));
      }
    }
    if (errors.length > 0) throw new Failure(errors.join('\n'));
    return 0;
  },
});

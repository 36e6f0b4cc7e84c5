// `rename`: a new name for a container.
import { BerthError, messageOf } from '../../../base/errors.ts';
import { command } from '../../session/context.ts';
import { exactly, Failure } from '../../grammar/index.ts';

export const rename = command({
  use: 'CONTAINER NEW_NAME',
  description: 'Rename a container',
  aliases: 'docker container rename, docker rename',
  args: exactly(2),
  flags: {},
  async run(context, { args: [before = '', after = ''] }) {
    const [id, name] = [before.trim(), after.trim()];
    if (id === '' || name === '') throw new Failure('Error: Neither old nor new names may be empty');
    try {
      await context.client.text('ContainerRename', { params: { id }, query: { name } });
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      throw new Failure(messageOf(error));
    }
    return 0;
  },
});

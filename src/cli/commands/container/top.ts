// `top`: the processes of a container.
import { command } from '../../session/context.ts';
import { tabulate } from '../../format/index.ts';
import { atLeast } from '../../grammar/index.ts';

export const top = command({
  use: 'CONTAINER [ps OPTIONS]',
  description: 'Display the running processes of a container',
  aliases: 'docker container top, docker top',
  args: atLeast(1),
  flagsFirst: true,
  flags: {},
  async run(context, { args: [id = '', ...options] }) {
    const list = await context.client.call('ContainerTop', {
      params: { id },
      query: options.length > 0 ? { ps_args: options.join(' ') } : {},
    });
    const rows = [list.Titles, ...(list.Processes ?? [])];
    context.out(tabulate(rows.map((row) => `${row.join('\t')}\n`).join(''), { minWidth: 20, padding: 3 }));
    return 0;
  },
});

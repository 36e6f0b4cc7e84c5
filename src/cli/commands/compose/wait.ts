// `compose wait`: until the first of some services' containers has ended.
import { down } from '../../../compose/index.ts';
import { atLeast, Failure, flag } from '../../grammar/index.ts';
import { composeCommand, dryRun } from './command/command.ts';
import { progressOn } from './command/progress.ts';
import { checkServices, containersOf, projectOrName } from './command/project.ts';

export const wait = composeCommand({
  use: 'SERVICE [SERVICE...] [OPTIONS]',
  description: 'Block until containers of all (or specified) services stop.',
  flags: { ...dryRun, 'down-project': flag.bool('', 'Drops project when the first container stops') },
  args: atLeast(1),
  run: async (context, { flags, args }) => {
    const named = projectOrName(context);
    checkServices(named, args, await containersOf(context, named, []));
    const running = (await containersOf(context, named, args)).filter(({ state }) => state === 'running');
    if (running.length === 0) throw new Failure(`no containers for project ${JSON.stringify(named.name)}`);
    let code = 0;
    const waits = running.map(async ({ id }) => {
      const { StatusCode: status } = await context.cli.client.call('ContainerWait', { params: { id } });
      context.out(`container ${JSON.stringify(id)} exited with status code ${status}\n`);
      code = status;
    });
    await (flags['down-project'] ? Promise.race(waits) : Promise.all(waits));
    if (flags['down-project']) {
      const { report } = progressOn(context);
      await down(
        { client: context.cli.client, name: named.name, project: named.loaded?.project, report, warn: context.warn },
        { services: [], removeOrphans: false, volumes: false, images: 'none' },
      );
    }
    return code;
  },
});

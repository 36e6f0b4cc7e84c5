// `compose down`: a project's containers and networks go, and what else was asked for.
import { down as takeDown } from '../../../compose/index.ts';
import { any, Failure, flag } from '../../grammar/index.ts';
import { composeCommand, dryRun } from './command/command.ts';
import { progressOn } from './command/progress.ts';
import { checkServices, projectOrName } from './command/project.ts';

export const down = composeCommand({
  use: '[OPTIONS] [SERVICES]',
  description: 'Stop and remove containers, networks',
  flags: {
    ...dryRun,
    'remove-orphans': flag.bool('', 'Remove containers for services not defined in the Compose file'),
    rmi: flag.string(
      '',
      'Remove images used by services. "local" remove only images that don\'t have a custom tag ("local"|"all")',
    ),
    timeout: flag.int('t', 'Specify a shutdown timeout in seconds'),
    volumes: flag.bool(
      'v',
      'Remove named volumes declared in the "volumes" section of the Compose file and anonymous volumes attached to containers',
    ),
  },
  args: any,
  run: async (context, { flags, args, changed }) => {
    if (flags.rmi !== '' && flags.rmi !== 'all' && flags.rmi !== 'local')
      throw new Failure(`invalid value for --rmi: ${JSON.stringify(flags.rmi)}`);
    const named = projectOrName(context);
    checkServices(named, named.loaded === undefined ? [] : args, []);
    const progress = progressOn(context);
    await takeDown(
      {
        client: context.cli.client,
        name: named.name,
        project: named.loaded?.project,
        disabled: named.loaded?.disabled ?? {},
        report: progress.report,
        warn: context.warn,
      },
      {
        services: args,
        removeOrphans: flags['remove-orphans'],
        volumes: flags.volumes,
        images: flags.rmi === '' ? 'none' : flags.rmi,
        ...(changed('timeout') ? { timeout: flags.timeout } : {}),
      },
    );
    progress.end();
    return 0;
  },
});

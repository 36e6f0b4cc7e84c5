// `compose logs`: what a project's containers wrote, together.
import { type ObservedContainer, settleAll } from '../../../compose/index.ts';
import { any, Failure, flag } from '../../grammar/index.ts';
import { timeFlag } from '../shared/time.ts';
import { composeCommand, dryRun } from './command/command.ts';
import { type LogQuery, readLog, shownName } from './follow.ts';
import { LogLines } from './log-lines.ts';
import { containersOf, type Named, projectOrName } from './command/project.ts';

export const logs = composeCommand({
  use: '[OPTIONS] [SERVICE...]',
  description: 'View output from containers',
  flags: {
    ...dryRun,
    follow: flag.bool('f', 'Follow log output'),
    index: flag.int('', 'index of the container if service has multiple replicas'),
    'no-color': flag.bool('', 'Produce monochrome output'),
    'no-log-prefix': flag.bool('', "Don't print prefix in logs"),
    since: flag.string(
      '',
      'Show logs since timestamp (e.g. 2013-01-02T13:23:37Z) or relative (e.g. 42m for 42 minutes)',
    ),
    tail: flag.string('n', 'Number of lines to show from the end of the logs for each container', 'all'),
    timestamps: flag.bool('t', 'Show timestamps'),
    until: flag.string(
      '',
      'Show logs before a timestamp (e.g. 2013-01-02T13:23:37Z) or relative (e.g. 42m for 42 minutes)',
    ),
  },
  args: any,
  run: async (context, { flags, args }) => {
    if (flags.index > 0 && args.length !== 1) throw new Failure('--index requires one service to be selected');
    const named = projectOrName(context, args);
    let containers: readonly ObservedContainer[] = await containersOf(
      context,
      named,
      args.length > 0 ? args : shownServices(named),
      'all',
    );
    if (flags.index > 0) {
      containers = containers.filter(({ number }) => number === flags.index);
      if (containers.length === 0)
        throw new Failure(`service ${JSON.stringify(args[0])} is not running container #${flags.index}`);
    }
    const lines = new LogLines({
      hasPrefix: !flags['no-log-prefix'],
      isColoured: !flags['no-color'] && context.isColoured(1),
    });
    for (const one of containers) lines.add(shownName(one));
    const query: LogQuery = {
      follow: flags.follow,
      tail: flags.tail,
      timestamps: flags.timestamps,
      ...timeFlag('since', flags.since),
      ...timeFlag('until', flags.until),
    };
    const { client } = context.cli;
    await settleAll(
      containers.map((one) =>
        readLog(client, one.id, query, (line) => context.cli.out(Buffer.from(lines.line(shownName(one), line)))),
      ),
    );
    return 0;
  },
});

/** Services of the files that did not ask to be left out; all where only a name is known. */
function shownServices({ loaded }: Named): string[] {
  const services = Object.entries(loaded?.project.services ?? {});
  return services.filter(([, { attach }]) => attach !== false).map(([name]) => name);
}

// `compose version`: the version of docker compose whose behaviour this is, since tools compare it.
import { flag, Failure, any } from '../../grammar/index.ts';
import { composeCommand, dryRun } from './command/command.ts';

/** The release whose files, labels and sums are matched. */
const COMPOSE_VERSION = '2.40.3';

export const version = composeCommand({
  use: '[OPTIONS]',
  description: 'Show the Docker Compose version information',
  flags: {
    ...dryRun,
    format: flag.string('f', 'Format the output. Values: [pretty | json]. (Default: pretty)'),
    short: flag.bool('', "Shows only Compose's version number"),
  },
  args: any,
  run: (context, { flags, args }) => {
    if (args.length > 0) throw new Failure(`"compose version" accepts no arguments`);
    context.out(versionText(flags.format, flags.short));
    return 0;
  },
});

export function versionText(format: string, short: boolean): string {
  if (short) return `${COMPOSE_VERSION}\n`;
  return format === 'json'
    ? `${JSON.stringify({ version: COMPOSE_VERSION })}\n`
    : `Docker Compose version ${COMPOSE_VERSION}\n`;
}

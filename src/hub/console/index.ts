// The commands on a hub's accounts and rules: they work on its database, also while it serves.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { invalid, notFound } from '../../base/errors.ts';
import { flag, type Flags, flagUsages, parseFlags } from '../../cli/grammar/index.ts';
import { openAccess } from '../access/index.ts';
import { openDatabase } from '../metadata/index.ts';
import { ACCOUNT_COMMANDS } from './accounts.ts';
import type { ConsoleCommand } from './command.ts';
import { RETENTION_COMMANDS } from './retention.ts';
import { RULE_COMMANDS } from './rules.ts';
import { bucketSettings, openDriver } from './storage.ts';
import { UPSTREAM_COMMANDS } from './upstreams.ts';
import { UPKEEP_COMMANDS } from './upkeep.ts';

export { bucketSettings } from './storage.ts';

export const CONSOLE_COMMANDS: readonly ConsoleCommand[] = [
  ...ACCOUNT_COMMANDS,
  ...RULE_COMMANDS,
  ...UPSTREAM_COMMANDS,
  ...RETENTION_COMMANDS,
  ...UPKEEP_COMMANDS,
];

const common = {
  root: flag.string('', 'Directory of the hub', '/var/lib/berth/hub'),
  s3: flag.string('', 'Bucket that holds the blobs: https://HOST/BUCKET[/PREFIX]'),
  help: flag.bool('', 'Print usage'),
} as const satisfies Flags;

export interface Terminal {
  readonly print: (text: string) => void;
  readonly readLine: () => Promise<string>;
}

/** undefined: no command has these words. */
export function findCommand(argv: readonly string[]): ConsoleCommand | undefined {
  return CONSOLE_COMMANDS.find(({ words }) => words.split(' ').every((word, index) => argv[index] === word));
}

/** Throws for what cannot be done, with the reason. */
export async function runCommand(command: ConsoleCommand, argv: readonly string[], terminal: Terminal): Promise<void> {
  const flags: Flags = { ...command.flags, ...common };
  const parsed = parseFlags(flags, argv.slice(command.words.split(' ').length));
  const usage = `berth hub ${command.words} [OPTIONS] ${command.args}`.trimEnd();
  if (parsed.error !== undefined) throw invalid(`${parsed.error}\n\nUsage:  ${usage}`);
  if (parsed.help) {
    terminal.print(`Usage:  ${usage}\n\n${command.short}\n\nOptions:\n${flagUsages(flags, 80)}\n`);
    return;
  }
  const wanted = command.args === '' ? 0 : command.args.split(' ').length;
  if (parsed.args.length !== wanted) throw invalid(`${wanted} arguments are wanted\n\nUsage:  ${usage}`);
  const root = String(parsed.values.get('root'));
  const s3 = String(parsed.values.get('s3'));
  if (!existsSync(root)) throw notFound(`${root} is not there: --root names the directory of the hub`);
  const database = openDatabase(join(root, 'hub', 'hub.db'));
  try {
    await command.run({
      ...terminal,
      root,
      database,
      access: openAccess(database, undefined),
      openDriver: () => openDriver(root, bucketSettings(s3, process.env)),
      args: parsed.args,
      text(name) {
        const value = parsed.values.get(name);
        return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
      },
      isSet: (name) => parsed.values.get(name) === true,
    });
  } finally {
    database.close();
  }
}

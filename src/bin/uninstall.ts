// The program of `berth uninstall`: what the package runs before its files go.
import { resolve } from 'node:path';
import { messageOf } from '../base/errors.ts';
import { flag, flagUsages, parseFlags } from '../cli/grammar/index.ts';
import { removeLeftovers } from '../daemon/uninstall.ts';

const flags = {
  'data-root': flag.string('', 'Root directory of persistent state', '/var/lib/berth'),
  'exec-root': flag.string('', 'Root directory for execution state files', '/run/berth'),
} as const;

export async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseFlags(flags, argv);
  if (parsed.help) {
    process.stdout.write(
      `Usage:  berth uninstall [OPTIONS]\n\nTake away what a daemon that has ended left on this host; its data stays\n\nOptions:\n${flagUsages(flags, process.stdout.columns ?? 80)}\n`,
    );
    return 0;
  }
  const problem = parsed.error ?? (parsed.args.length > 0 ? '"berth uninstall" accepts no arguments.' : undefined);
  if (problem !== undefined) {
    process.stderr.write(`${problem}\nSee 'berth uninstall --help'.\n`);
    return 125;
  }
  const value = (name: keyof typeof flags): string => resolve(parsed.values.get(name) as string);
  try {
    await removeLeftovers(value('data-root'), value('exec-root'));
    return 0;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return 1;
  }
}

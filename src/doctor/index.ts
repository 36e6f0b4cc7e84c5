// `berth doctor`: looks at this host and says what it lacks for containers, and what each lack costs.
import { flag, flagUsages, type Flags, parseFlags } from '../cli/grammar/index.ts';
import { canRun, findings } from './findings.ts';
import { observe } from './observe.ts';
import { report } from './report.ts';

const flags = {
  'data-root': flag.string('', 'Root directory of persistent state', '/var/lib/berth'),
  format: flag.string('', 'Format of the output ("table"|"json")', 'table'),
  help: flag.bool('', 'Print usage'),
} as const satisfies Flags;

const usage = (): string => `Usage:  berth doctor [OPTIONS]

Check whether containers can run on this host, and what it lacks

Options:
${flagUsages(flags, process.stdout.columns ?? 80)}

The exit code is 0 when containers can run, and 1 when they can't.
`;

/** Prints the findings; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseFlags(flags, argv);
  const format = parsed.values.get('format');
  const wrong =
    parsed.error ??
    (parsed.args.length > 0 ? '"berth doctor" accepts no arguments' : undefined) ??
    (format === 'table' || format === 'json' ? undefined : `invalid format ${String(format)}: table or json`);
  if (wrong !== undefined) {
    process.stderr.write(`${wrong}\n\nRun 'berth doctor --help' for more information\n`);
    return 125;
  }
  if (parsed.help) {
    process.stdout.write(usage());
    return 0;
  }
  const found = findings(await observe(String(parsed.values.get('data-root'))));
  const able = canRun(found);
  process.stdout.write(
    format === 'json' ? `${JSON.stringify({ canRun: able, findings: found }, undefined, 2)}\n` : report(found),
  );
  return able ? 0 : 1;
}

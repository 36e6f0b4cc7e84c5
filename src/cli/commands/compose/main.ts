// The program behind `compose`: its own flags, its own commands, one line for each error. It is a bundle of its own, read when
// it is called.
import { BerthError, messageOf } from '../../../base/errors.ts';
import type { Context } from '../../session/context.ts';
import { type ArgsRule, commandHelp, Failure, flagUsages, parseFlags, type Values } from '../../grammar/index.ts';
import { ComposeContext, type ComposeNode } from './command/command.ts';
import { type ComposeFlags, composeFlags, settingsOf } from './command/globals.ts';
import { composeTree } from './tree.ts';
import { versionText } from './version.ts';

/** Runs the words after `compose`; gives the exit code, never throws. */
export async function composeMain(cli: Context, argv: readonly string[]): Promise<number> {
  let isJson = false;
  try {
    return await dispatch(cli, argv, (json) => {
      isJson = json;
    });
  } catch (error) {
    report(cli, error, isJson);
    return error instanceof Failure || (error instanceof Error && error.name === 'Failure') ? codeOf(error) : 1;
  }
}

function codeOf(error: Error): number {
  return 'code' in error && typeof error.code === 'number' ? error.code : 1;
}

function report(cli: Context, error: unknown, isJson: boolean): void {
  const message = messageOf(error);
  if (message === '') return;
  if (isJson) cli.err(`${JSON.stringify({ error: true, message })}\n`);
  else cli.err(`${message}\n${error instanceof BerthError && error.hint !== undefined ? `${error.hint}\n` : ''}`);
}

async function dispatch(cli: Context, argv: readonly string[], showJson: (json: boolean) => void): Promise<number> {
  const flags = composeFlags(cli.env);
  const parsed = parseFlags(flags, argv, { flagsFirst: true });
  if (parsed.error !== undefined) throw new Failure(parsed.error);
  const [name, ...rest] = parsed.args;
  const values = Object.fromEntries(parsed.values) as Values<ComposeFlags>;
  if (parsed.help || name === undefined || name === 'help') return help(cli, name === 'help' ? rest : []);
  if (values.version) return print(cli, versionText('', false));
  const node = composeTree.children?.find((child) => child.name === name);
  if (node?.load === undefined) {
    await help(cli, []);
    throw new Failure(`unknown docker command: ${JSON.stringify(`compose ${name}`)}`);
  }
  const command = await node.load();
  const own = parseFlags(command.flags, rest, command.flagsFirst === true ? { flagsFirst: true } : {});
  if (own.error !== undefined) throw new Failure(own.error);
  if (own.help) return print(cli, commandHelp(`docker compose ${name}`, command, width()));
  const refused = argumentFault(command.args, own.args.length);
  if (refused !== undefined) throw new Failure(refused);
  const all = own.values.get('dry-run') === true ? { ...values, 'dry-run': true } : values;
  const settings = settingsOf(all, (flag) => parsed.changed.has(flag), cli);
  showJson(settings.progress === 'json');
  const context = new ComposeContext(cli, settings);
  const code = await command.run(context, {
    flags: Object.fromEntries(own.values) as never,
    given: (flag: string) => own.given.has(flag),
    changed: (flag: string) => own.changed.has(flag),
    args: own.args,
    path: `docker compose ${name}`,
  });
  return code ?? 0;
}

/** In cobra's words, without a usage line. */
function argumentFault(rule: ArgsRule, count: number): string | undefined {
  switch (rule.kind) {
    case 'exactly':
      return count === rule.count ? undefined : `accepts ${rule.count} arg(s), received ${count}`;
    case 'atLeast':
      return count >= rule.count ? undefined : `requires at least ${rule.count} arg(s), only received ${count}`;
    case 'range':
      return count >= rule.min && count <= rule.max
        ? undefined
        : `accepts between ${rule.min} and ${rule.max} arg(s), received ${count}`;
    case 'atMost':
      return count <= rule.count ? undefined : `accepts at most ${rule.count} arg(s), received ${count}`;
    case 'none':
      return count === 0 ? undefined : `accepts 0 arg(s), received ${count}`;
    case 'any':
      return undefined;
  }
}

function print(cli: Context, text: string): number {
  cli.out(text);
  return 0;
}

async function help(cli: Context, words: readonly string[]): Promise<number> {
  const node = composeTree.children?.find((child) => child.name === words[0]);
  if (node?.load !== undefined)
    return print(cli, commandHelp(`docker compose ${node.name}`, await node.load(), width()));
  return print(cli, page(composeTree.children ?? [], cli));
}

function page(nodes: readonly ComposeNode[], cli: Context): string {
  const shown = nodes.filter((node) => node.hidden !== true);
  const pad = Math.max(11, ...shown.map((node) => node.name.length));
  const commands = shown.map((node) => `  ${node.name.padEnd(pad)} ${node.short}`).join('\n');
  return `Usage:  berth compose [OPTIONS] COMMAND

${composeTree.short}

Options:
${flagUsages(composeFlags(cli.env), width())}

Commands:
${commands}

Run 'berth compose COMMAND --help' for more information on a command.
`;
}

function width(): number {
  return process.stdin.isTTY ? (process.stdout.columns ?? 80) : 80;
}

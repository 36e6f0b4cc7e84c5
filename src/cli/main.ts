// Reads argv, finds the command in the tree, runs it, and gives the exit code.
import { existsSync } from 'node:fs';
import { BerthError, messageOf } from '../base/errors.ts';
import type { Endpoint } from '../client/index.ts';
import { tree } from './commands/tree.ts';
import { type CliNode, Context } from './session/context.ts';
import {
  type AnyCommand,
  checkArgs,
  commandHelp,
  Failure,
  type Flags,
  groupHelp,
  NAME_IN_ERRORS,
  PROGRAM_NAME,
  parseFlags,
  useLine,
  type Values,
} from './grammar/index.ts';
import { globalFlags } from './globals.ts';
import { codesPage, noteFor, pageOf } from './messages/index.ts';
import { err, out } from './session/output.ts';

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** starts the default daemon in the background; true when it answers */
  readonly startDaemon?: (endpoint: Endpoint) => Promise<boolean>;
  /** sha256 in hex, for the names of contexts */
  readonly hash: (text: string) => string;
}

/** Runs one command line; never throws. */
export async function main(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  try {
    return await dispatch(argv, surroundings);
  } catch (error) {
    const code = report(error, surroundings);
    err(noteFor(messageOf(error), surroundings.env, process.getBuiltinModule('tty').isatty(2)));
    return code;
  }
}

/** Prints the error as Docker has it; gives the exit code. */
function report(error: unknown, surroundings: Surroundings): number {
  if (error instanceof Failure) {
    if (error.message !== '') err(`${error.message}\n`);
    return error.code;
  }
  if (error instanceof BerthError) {
    err(`${error.message}\n${error.hint === undefined ? '' : `${error.hint}\n`}`);
    return 1;
  }
  err(`${error instanceof Error && surroundings.env['DEBUG'] ? error.stack : messageOf(error)}\n`);
  return 1;
}

async function dispatch(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { env } = surroundings;
  const configDir = env['DOCKER_CONFIG'] || `${env['HOME'] ?? '/root'}/.docker`;
  const flags = globalFlags(configDir, env['DOCKER_CERT_PATH'] || configDir);
  if (argv[0] === '__complete') {
    // the line's own --host and --context say whom to ask
    const line = parseFlags(flags, argv.slice(1, -1), { flagsFirst: true });
    const asked = Object.fromEntries(line.values) as Values<typeof flags>;
    const context = line.error === undefined ? new Context(asked, env, surroundings.cwd, surroundings.hash) : undefined;
    return (await import('./complete.ts')).complete(context, flags, argv.slice(1));
  }
  const global = parseFlags(flags, argv, { flagsFirst: true });
  for (const note of global.notes) err(`${note}\n`);
  if (global.error !== undefined) {
    throw new Failure(
      `${global.error}\n\nUsage:  ${NAME_IN_ERRORS} [OPTIONS] COMMAND [ARG...]\n\nRun '${NAME_IN_ERRORS} --help' for more information`,
      125,
    );
  }
  if (global.help) return page(groupHelp(NAME_IN_ERRORS, tree, width(), flags));
  const values = Object.fromEntries(global.values) as Values<typeof flags>;
  if (values.version) {
    const { VERSION } = await import('./session/version.ts');
    return page(`Berth version ${VERSION.version}, build ${VERSION.commit}\n`);
  }
  if (!/^(debug|info|warn|warning|error|fatal|panic|trace)$/i.test(values['log-level'])) {
    throw new Failure(`Unable to parse logging level: ${values['log-level']}`);
  }
  if (global.args.length === 0) {
    err(groupHelp(NAME_IN_ERRORS, tree, width(), flags));
    return 0;
  }
  if (global.args[0] === 'help' && /^(?:E\d{4}|errors)$/i.test(global.args[1] ?? '') && global.args.length === 2)
    return errorHelp(global.args[1] ?? '', env);
  if (global.args[0] === 'help' && global.args[1] !== 'compose') return help(global.args.slice(1), flags);
  const found = find(global.args[0] === 'help' ? [...global.args.slice(1), '--help'] : global.args);
  if (found.node.children) return group(found);
  const { load, program } = found.node;
  if (!load && !program) throw unknown(found.path, found.rest[0] ?? '');
  const context = new Context(values, env, surroundings.cwd, surroundings.hash, surroundings.startDaemon);
  if (!load) return (await program?.())?.(context, found.rest) ?? 0;
  const command = await load();
  return run(context, found.path, command, found.rest);
}

interface Found {
  readonly node: CliNode;
  readonly path: string;
  readonly rest: readonly string[];
}

/** The deepest node that the words name. */
function find(words: readonly string[]): Found {
  let node: CliNode = tree;
  let path: string = NAME_IN_ERRORS;
  let at = 0;
  for (; at < words.length && node.children; at++) {
    const word = words[at] ?? '';
    const child: CliNode | undefined = node.children.find((one) => one.name === word || one.aliases?.includes(word));
    if (!child) break;
    node = child;
    path += ` ${child.name}`;
  }
  return { node, path, rest: words.slice(at) };
}

function unknown(path: string, word: string): Failure {
  return path === NAME_IN_ERRORS
    ? new Failure(
        `${PROGRAM_NAME}: unknown command: ${PROGRAM_NAME} ${word}\n\nRun '${PROGRAM_NAME} --help' for more information`,
      )
    : new Failure(
        `${NAME_IN_ERRORS}: unknown command: ${path} ${word}\n\nUsage:  ${path}\n\nRun '${path} --help' for more information`,
      );
}

/** A group without a command of it: its page, or what is wrong with the words after it. */
function group(found: Found): number {
  const { node, path, rest } = found;
  if (node === tree) throw unknown(path, rest[0] ?? '');
  const parsed = parseFlags({}, rest, { flagsFirst: true });
  for (const note of parsed.notes) err(`${note}\n`);
  if (parsed.error !== undefined)
    throw new Failure(`${parsed.error}\n\nUsage:  ${path}\n\nRun '${path} --help' for more information`, 125);
  if (parsed.help) return page(groupHelp(path, node, width()));
  if (parsed.args.length > 0) throw unknown(path, parsed.args[0] ?? '');
  err(groupHelp(path, node, width()));
  return 0;
}

/** `berth help E1203`, and `berth help errors` for all of them. */
function errorHelp(code: string, env: Surroundings['env']): number {
  if (code.toLowerCase() === 'errors') return page(codesPage(env));
  const text = pageOf(code, env);
  if (text === undefined) throw new Failure(`unknown help topic: ${code}`);
  return page(text);
}

async function help(words: readonly string[], flags: Flags): Promise<number> {
  const { node, path, rest } = find(words);
  if (rest.length > 0) throw new Failure(`unknown help topic: ${rest.join(' ')}`);
  if (node === tree) return page(groupHelp(NAME_IN_ERRORS, tree, width(), flags));
  if (node.children || !node.load) return page(groupHelp(path, node, width()));
  return page(commandHelp(path, await node.load(), width()));
}

async function run(
  context: Context,
  path: string,
  command: AnyCommand<Context>,
  argv: readonly string[],
): Promise<number> {
  const parsed = parseFlags(command.flags, argv, command.flagsFirst === true ? { flagsFirst: true } : {});
  for (const note of parsed.notes) err(`${note}\n`);
  const usage = useLine(path, command.use);
  if (parsed.error !== undefined)
    throw new Failure(`${parsed.error}\n\nUsage:  ${usage}\n\nRun '${path} --help' for more information`, 125);
  if (parsed.help) return page(commandHelp(path, command, width()));
  if (path === `${NAME_IN_ERRORS} logs` && parsed.args.length === 0 && isComposeDirectory(context.cwd)) {
    const { composeMain } = await import('./commands/compose/main.ts');
    return composeMain(context, ['logs', ...argv]);
  }
  const refused = checkArgs(command.args, parsed.args, path, usage);
  if (refused !== undefined) throw new Failure(refused);
  await checkVersions(context, command.flags, parsed.changed);
  const flags = Object.fromEntries(parsed.values) as never;
  return (
    (await command.run(context, {
      flags,
      given: (name: string) => parsed.given.has(name),
      changed: (name: string) => parsed.changed.has(name),
      args: parsed.args,
      path,
    })) ?? 0
  );
}

/** Where `logs` without a container means those of the project. */
function isComposeDirectory(folder: string): boolean {
  return ['compose', 'docker-compose'].some((name) =>
    ['yaml', 'yml'].some((end) => existsSync(`${folder}/${name}.${end}`)),
  );
}

/** Flags that the daemon is too old for; asks the daemon only when such a flag was given. */
async function checkVersions(context: Context, flags: Flags, changed: ReadonlySet<string>): Promise<void> {
  const needs = Object.entries(flags).filter(([name, flag]) => flag.since !== undefined && changed.has(name));
  if (needs.length === 0) return;
  let version: string;
  try {
    version = await context.client.serverVersion();
  } catch {
    // The command itself will say that the daemon can't be reached.
    return;
  }
  for (const [name, flag] of needs) {
    if (older(version, flag.since ?? '')) {
      throw new Failure(
        `"--${name}" requires API version ${flag.since}, but the Docker daemon API version is ${version}`,
      );
    }
  }
}

function older(a: string, b: string): boolean {
  const [x, y] = [a, b].map((text) => text.split('.').map(Number));
  return (x?.[0] ?? 0) < (y?.[0] ?? 0) || (x?.[0] === y?.[0] && (x?.[1] ?? 0) < (y?.[1] ?? 0));
}

function page(text: string): number {
  out(text);
  return 0;
}

/** Columns of help pages: those of the terminal on stdin, as docker has it. Asked late, since it makes a stream. */
function width(): number {
  return process.stdin.isTTY ? (process.stdout.columns ?? 80) : 80;
}

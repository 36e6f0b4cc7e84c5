// The program of `berth hub`: serves a registry from a directory until a signal ends it.
import type { Server } from 'node:http';
import { isLoopback } from '../base/address.ts';
import { invalid, messageOf } from '../base/errors.ts';
import { createLog, type LogLevel } from '../base/log.ts';
import { flag, flagUsages, type Flags, parseFlags } from '../cli/grammar/index.ts';
import { parsePullLimit, tlsPair } from '../cli/commands/hub/serve-settings.ts';
import { bucketSettings, CONSOLE_COMMANDS, findCommand, openHub, runCommand } from '../hub/index.ts';

const serveFlags = {
  root: flag.string('', 'Directory that holds the images', '/var/lib/berth/hub'),
  s3: flag.string(
    '',
    'Bucket that holds the images instead: https://HOST/BUCKET[/PREFIX], keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  ),
  listen: flag.string('l', 'Address to serve on', '127.0.0.1:5000'),
  'tls-cert': flag.string('', 'Certificate in PEM: serve HTTPS'),
  'tls-key': flag.string('', 'Key of the certificate'),
  url: flag.string('', 'Address of the hub as clients reach it, behind a proxy'),
  open: flag.bool('', 'Serve everybody who reaches it, as long as there is no account'),
  insecure: flag.strings('', 'Registry that mirrors and replicas speak to without TLS'),
  'pull-limit': flag.string('', 'Manifests that one client may pull: 100/3600 is 100 an hour'),
  'no-delete': flag.bool('', 'Refuse to delete tags, manifests and blobs'),
  'log-level': flag.string('', 'Set the logging level ("debug"|"info"|"warn"|"error"|"fatal")', 'info'),
  help: flag.bool('', 'Print usage'),
} as const satisfies Flags;

const usage = (): string => `Usage:  berth hub COMMAND

A registry of one's own

Commands:
  ${'serve'.padEnd(16)}Serve a directory of images over the distribution protocol
  ${'up'.padEnd(16)}Run a hub in a container
  ${'down'.padEnd(16)}Remove the container of a hub; its images stay in their volume
${CONSOLE_COMMANDS.map(({ words, short }) => `  ${words.padEnd(16)}${short}`).join('\n')}

Run 'berth hub COMMAND --help' for more information on a command.
`;

const serveUsage = (): string => `Usage:  berth hub serve [OPTIONS]

Serve a directory of images over the distribution protocol

Options:
${flagUsages(serveFlags, process.stdout.columns ?? 80)}
`;

/** Resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  // an fsync holds a thread for as long as the disk takes; read by libuv when the first thread is needed
  process.env['UV_THREADPOOL_SIZE'] ??= '16';
  const [command = '', ...rest] = argv;
  if (command === 'serve') return serve(rest);
  const found = findCommand(argv);
  if (found) {
    try {
      await runCommand(found, argv, { print: (text) => void process.stdout.write(text), readLine });
      return 0;
    } catch (error) {
      process.stderr.write(`berth hub: ${messageOf(error)}\n`);
      return 1;
    }
  }
  const asked = command === '' || command === '--help' || command === 'help';
  (asked ? process.stdout : process.stderr).write(asked ? usage() : `berth hub: unknown command: ${command}\n`);
  return asked ? 0 : 1;
}

async function readLine(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text.split(/\r?\n/, 1)[0] ?? '';
}

async function serve(argv: readonly string[]): Promise<number> {
  const parsed = parseFlags(serveFlags, argv);
  const wrong = parsed.error ?? (parsed.args.length > 0 ? '"berth hub serve" accepts no arguments' : undefined);
  if (wrong !== undefined) {
    process.stderr.write(`${wrong}\n\nRun 'berth hub serve --help' for more information\n`);
    return 125;
  }
  if (parsed.help) {
    process.stdout.write(serveUsage());
    return 0;
  }
  const text = (name: keyof typeof serveFlags): string => {
    const value = parsed.values.get(name);
    return typeof value === 'string' ? value : '';
  };
  const log = createLog(text('log-level') as LogLevel);
  try {
    const tls = tlsPair(text('tls-cert'), text('tls-key'));
    const address = parseAddress(text('listen'));
    const pullLimit = parsePullLimit(text('pull-limit'));
    const bucket = bucketSettings(text('s3'), process.env);
    let lost: (why: string) => void = () => undefined;
    const isLost = new Promise<string>((resolve) => {
      lost = resolve;
    });
    const hub = await openHub({
      root: text('root'),
      log,
      ...(bucket ? { bucket, lost: (why) => lost(why) } : {}),
      deletes: parsed.values.get('no-delete') !== true,
      insecure: listOf(parsed.values.get('insecure')),
      ...(tls ? { tls: tls() } : {}),
      ...(text('url') === '' ? {} : { url: text('url').replace(/\/$/, '') }),
      ...(pullLimit ? { pullLimit } : {}),
    });
    const isLocal = isLoopback(address.host);
    if (!hub.access.accounts.areThere) {
      if (!isLocal && parsed.values.get('open') !== true)
        throw invalid(
          `without accounts everybody who reaches ${address.host} may push and delete: add one (berth hub user add --admin NAME), or say --open`,
        );
      log.warn('there are no accounts: whoever reaches the hub may push and delete');
    }
    if (!isLocal && !tls && text('url') === '') log.warn('without TLS passwords and images can be read on the way');
    await listening(hub.server, address);
    if (tls)
      process.on('SIGHUP', () => {
        try {
          (hub.server as Server & { setSecureContext(options: object): void }).setSecureContext(tls());
          log.info('SIGHUP received: the certificate was read again');
        } catch (error) {
          log.error(`SIGHUP received, the certificate stays as it is: ${messageOf(error)}`);
        }
      });
    log.info(`hub serves ${text('root')} on http${tls ? 's' : ''}://${address.host}:${portOf(hub.server)}`);
    const signal = await Promise.race([
      isLost,
      new Promise<undefined>((resolve) => {
        for (const name of ['SIGTERM', 'SIGINT'] as const)
          process.once(name, () => {
            log.info(`${name} received: the hub ends when what is under way is done`);
            resolve(undefined);
          });
      }),
    ]);
    if (signal !== undefined) log.error(`the hub ends: ${signal}`);
    await hub[Symbol.asyncDispose]();
    return signal === undefined ? 0 : 1;
  } catch (error) {
    process.stderr.write(`berth hub: ${messageOf(error)}\n`);
    return 1;
  }
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function parseAddress(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) throw invalid(`invalid address ${text}: HOST:PORT is wanted`);
  return { host: match[1] ?? (match[2] === '' || match[2] === undefined ? '0.0.0.0' : match[2]), port };
}

function listening(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 4096 }, resolve);
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

// `compose run`: one command in a container of its own, of a service with changes.
import { createOneOff, type Port, type Service } from '../../../compose/index.ts';
import { messageOf } from '../../../base/errors.ts';
import { readAll } from '../../../client/index.ts';
import { atLeast, Failure, flag, type Values } from '../../grammar/index.ts';
import { readKeyValueFile } from '../../../client/container/index.ts';
import { copyStreams } from '../container/attached.ts';
import { followSize, proxySignals } from '../container/terminal.ts';
import { array, imageOptions, upWork } from './bring.ts';
import { type ComposeContext, composeCommand, dryRun } from './command/command.ts';
import { progressOn } from './command/progress.ts';

const FLAGS = {
  ...dryRun,
  build: flag.bool('', 'Build image before starting container'),
  'cap-add': flag.list('', 'Add Linux capabilities'),
  'cap-drop': flag.list('', 'Drop Linux capabilities'),
  detach: flag.bool('d', 'Run container in background and print container ID'),
  entrypoint: flag.string('', 'Override the entrypoint of the image'),
  env: array('e', 'Set environment variables'),
  'env-from-file': array('', 'Set environment variables from file'),
  interactive: flag.bool('i', 'Keep STDIN open even if not attached', true),
  label: array('l', 'Add or override a label'),
  name: flag.string('', 'Assign a name to the container'),
  'no-TTY': flag.bool(
    'T',
    'Disable pseudo-TTY allocation (default: auto-detected)',
    !process.getBuiltinModule('tty').isatty(1),
  ),
  'no-deps': flag.bool('', "Don't start linked services"),
  publish: array('p', "Publish a container's port(s) to the host"),
  pull: flag.string('', 'Pull image before running ("always"|"missing"|"never")', 'policy'),
  quiet: flag.bool('q', "Don't print anything to STDOUT"),
  'quiet-build': flag.bool('', 'Suppress progress output from the build process'),
  'quiet-pull': flag.bool('', 'Pull without printing progress information'),
  'remove-orphans': flag.bool('', 'Remove containers for services not defined in the Compose file'),
  rm: flag.bool('', 'Automatically remove the container when it exits'),
  'service-ports': flag.bool('P', "Run command with all service's ports enabled and mapped to the host"),
  tty: flag.bool('t', 'Allocate a pseudo-TTY', true, { hidden: true }),
  'use-aliases': flag.bool('', "Use the service's network useAliases in the network(s) the container connects to"),
  user: flag.string('u', 'Run as specified username or uid'),
  volume: array('v', 'Bind mount a volume'),
  workdir: flag.string('w', 'Working directory inside the container'),
} as const;

export const run = composeCommand({
  use: '[OPTIONS] SERVICE [COMMAND] [ARGS...]',
  description: 'Run a one-off command on a service',
  flags: FLAGS,
  args: atLeast(1),
  flagsFirst: true,
  run: async (context, { flags, args: [key = '', ...words] }) => {
    const { cli } = context;
    const loaded = context.load({ services: [key] });
    const service = loaded.project.services[key];
    if (service === undefined) throw new Failure(`no such service: ${key}`);
    const changed = changedService(context, service, flags, words);
    const tty = !flags['no-TTY'] && !flags.detach && cli.terminal(0);
    const stdin = flags.interactive;
    const progress = progressOn(context);
    const report = flags.quiet ? () => undefined : progress.report;
    const { id } = await createOneOff(
      upWork(context, loaded, report, { quiet: flags['quiet-build'], quietPull: flags['quiet-pull'] }),
      {
        service: key,
        changed,
        name: flags.name,
        oneOff: { tty, stdin, autoRemove: flags.rm, useAliases: flags['use-aliases'] },
        withDependencies: !flags['no-deps'],
        removeOrphans: flags['remove-orphans'],
        images: imageOptions(flags.pull, flags.build, false),
      },
    );
    progress.end();
    if (flags.detach) {
      try {
        await cli.client.text('ContainerStart', { params: { id } });
      } catch (error) {
        context.err(`${messageOf(error)}\n`);
        throw new Failure(`Error: failed to start containers: ${id}`);
      }
      context.out(`${id}\n`);
      return 0;
    }
    return attachedRun(context, id, tty, stdin, flags.rm);
  },
});

async function attachedRun(
  context: ComposeContext,
  id: string,
  tty: boolean,
  stdin: boolean,
  removes: boolean,
): Promise<number> {
  const { cli } = context;
  const { client } = cli;
  const { wire } = await client.hijack('ContainerAttach', {
    params: { id },
    query: { stream: true, stdout: true, stderr: true, ...(stdin ? { stdin: true } : {}) },
  });
  const ended = await client.stream('ContainerWait', {
    params: { id },
    query: { condition: removes ? 'removed' : 'next-exit' },
  });
  if (!tty) proxySignals(cli, id);
  await client.text('ContainerStart', { params: { id } });
  if (tty) void followSize(cli, 'ContainerResize', id);
  await copyStreams(cli, wire, { tty, stdin, stdout: true, stderr: true, detachKeys: '' });
  const { StatusCode: code } = JSON.parse(await readAll(ended.body)) as { StatusCode: number };
  return code;
}

function changedService(
  context: ComposeContext,
  service: Service,
  flags: Values<typeof FLAGS>,
  words: readonly string[],
): Service {
  const env = (name: string): string | undefined => context.cli.env[name];
  const pairs = (texts: readonly string[]): [string, string | null][] =>
    texts.map((text) => {
      const [name = '', value] = text.split(/=(.*)/s);
      return [name, value ?? env(name) ?? null];
    });
  const files = flags['env-from-file'].flatMap((path) => readKeyValueFile(path, env));
  if (flags['service-ports'] && flags.publish.length > 0)
    throw new Failure('--service-ports and --publish are incompatible');
  if (flags.label.some((text) => !text.includes('='))) throw new Failure('label must be set as KEY=VALUE');
  const { container_name: _, ports, depends_on: dependencies, ...rest } = service;
  const published = flags.publish.map(portOf);
  const shown = flags['service-ports'] ? (ports ?? []) : [];
  const { entrypoint } = flags;
  return {
    ...rest,
    ...(flags['no-deps'] || dependencies === undefined ? {} : { depends_on: dependencies }),
    command: words.length > 0 ? words : entrypoint === '' ? service.command : null,
    entrypoint: entrypoint === '' ? service.entrypoint : shellWords(entrypoint),
    ...(published.length + shown.length === 0 ? {} : { ports: [...shown, ...published] }),
    ...(flags.user === '' ? {} : { user: flags.user }),
    ...(flags.workdir === '' ? {} : { working_dir: flags.workdir }),
    ...(flags['cap-add'].length === 0 ? {} : { cap_add: [...(service.cap_add ?? []), ...flags['cap-add']] }),
    ...(flags['cap-drop'].length === 0 ? {} : { cap_drop: [...(service.cap_drop ?? []), ...flags['cap-drop']] }),
    ...(flags.volume.length === 0
      ? {}
      : { volumes: [...(service.volumes ?? []), ...flags.volume.map((text) => mountOf(text, context.cli.cwd))] }),
    environment: {
      ...service.environment,
      ...Object.fromEntries(pairs(files)),
      ...Object.fromEntries(pairs(flags.env)),
    },
    labels: {
      ...service.labels,
      ...Object.fromEntries(pairs(flags.label).map(([name, value]) => [name, value ?? ''])),
    },
  };
}

/** `8080:80`, `127.0.0.1:8080:80/tcp`, `80` */
function portOf(text: string): Port {
  const found = /^(?:(?:(\[[^\]]+\]|[\d.]+):)?([\d-]*):)?(\d+)(?:\/(tcp|udp|sctp))?$/.exec(text);
  if (found === null) throw new Failure(`invalid containerPort: ${text}`);
  const [, host, published, target, protocol = 'tcp'] = found;
  return {
    target: Number(target),
    protocol,
    mode: 'ingress',
    ...(host === undefined ? {} : { host_ip: host.replace(/[[\]]/g, '') }),
    ...(published === undefined || published === '' ? {} : { published }),
  };
}

function mountOf(text: string, cwd: string): NonNullable<Service['volumes']>[number] {
  const [source = '', target, mode = ''] = text.split(':');
  const readOnly = mode.split(',').includes('ro') ? { read_only: true } : {};
  if (target === undefined) return { type: 'volume', target: source };
  if (!/^[./~]/.test(source)) return { type: 'volume', source, target, ...readOnly };
  const path = process.getBuiltinModule('path').resolve(cwd, source);
  return { type: 'bind', source: path, target, ...readOnly, bind: { create_host_path: true } };
}

/** As a shell divides words: quotes hold together, a backslash takes the next character as it is. */
function shellWords(text: string): string[] {
  const words: string[] = [];
  for (const [, double, single, plain] of text.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|((?:[^\s"'\\]|\\.)+)/g))
    words.push((double ?? plain)?.replace(/\\(.)/g, '$1') ?? single ?? '');
  return words;
}

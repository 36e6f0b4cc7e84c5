// `compose exec`: a command in a service's running container.
import { atLeast, Failure, flag } from '../../grammar/index.ts';
import { copyStreams } from '../container/attached.ts';
import { followSize } from '../container/terminal.ts';
import { composeCommand, dryRun } from './command/command.ts';
import { containerOf } from './command/project.ts';

export const exec = composeCommand({
  use: '[OPTIONS] SERVICE COMMAND [ARGS...]',
  description: 'Execute a command in a running container',
  flags: {
    ...dryRun,
    detach: flag.bool('d', 'Detached mode: Run command in the background'),
    env: { ...flag.list('e', 'Set environment variables'), word: 'stringArray' },
    index: flag.int('', 'Index of the container if service has multiple replicas'),
    interactive: flag.bool('i', 'Keep STDIN open even if not attached', true, { hidden: true }),
    'no-tty': flag.bool(
      'T',
      "Disable pseudo-TTY allocation. By default 'docker compose exec' allocates a TTY.",
      !process.getBuiltinModule('tty').isatty(1),
    ),
    privileged: flag.bool('', 'Give extended privileges to the process'),
    tty: flag.bool('t', 'Allocate a pseudo-TTY', true, { hidden: true }),
    user: flag.string('u', 'Run the command as this user'),
    workdir: flag.string('w', 'Path to workdir directory for this command'),
  },
  args: atLeast(2),
  flagsFirst: true,
  run: async (context, { flags, args: [service = '', ...words] }) => {
    if (words.length === 0) throw new Failure('requires at least 2 arg(s), only received 1');
    const { cli } = context;
    const { client } = cli;
    const { id: container } = await containerOf(context, service, flags.index);
    const tty = !flags['no-tty'] && cli.terminal(0) && cli.terminal(1);
    const stdin = flags.interactive && !flags.detach;
    const size = tty ? { ConsoleSize: cli.size() } : {};
    const { Id: id } = await client.call('ContainerExec', {
      params: { id: container },
      body: {
        User: flags.user,
        Privileged: flags.privileged,
        Tty: tty,
        ...size,
        AttachStdin: stdin,
        AttachStdout: !flags.detach,
        AttachStderr: !flags.detach,
        Env: flags.env.flatMap((text) => {
          if (text.includes('=')) return [text];
          const value = cli.env[text];
          return value === undefined ? [] : [`${text}=${value}`];
        }),
        WorkingDir: flags.workdir,
        Cmd: words,
      },
    });
    if (flags.detach) {
      await client.text('ExecStart', { params: { id }, body: { Detach: true, Tty: tty } });
      return 0;
    }
    const { wire } = await client.hijack('ExecStart', { params: { id }, body: { Detach: false, Tty: tty, ...size } });
    if (tty) void followSize(cli, 'ExecResize', id);
    await copyStreams(cli, wire, { tty, stdin, stdout: true, stderr: true, detachKeys: '' });
    const { ExitCode: code } = await client.call('ExecInspect', { params: { id } });
    return code ?? 0;
  },
});

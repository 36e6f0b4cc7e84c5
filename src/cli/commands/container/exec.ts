// `exec`: a command in a running container.
import { command } from '../../session/context.ts';
import { atLeast, Failure, flag } from '../../grammar/index.ts';
import { readKeyValueFile } from '../../../client/container/index.ts';
import { checkEnv } from '../../../spec/docker/shorthand/index.ts';
import { copyStreams } from './attached.ts';
import { checkTty, followSize } from './terminal.ts';

export const exec = command({
  use: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  description: 'Execute a command in a running container',
  aliases: 'docker container exec, docker exec',
  args: atLeast(2),
  flagsFirst: true,
  flags: {
    detach: flag.bool('d', 'Detached mode: run command in the background'),
    'detach-keys': flag.string('', 'Override the key sequence for detaching a container'),
    env: flag.list('e', 'Set environment variables', (text) => checkEnv(text, process.env)),
    'env-file': flag.list('', 'Read in a file of environment variables'),
    interactive: flag.bool('i', 'Keep STDIN open even if not attached'),
    privileged: flag.bool('', 'Give extended privileges to the command'),
    tty: flag.bool('t', 'Allocate a pseudo-TTY'),
    user: flag.string('u', 'Username or UID (format: "<name|uid>[:<group|gid>]")'),
    workdir: flag.string('w', 'Working directory inside the container'),
  },
  async run(context, { flags, args: [container = '', ...words] }) {
    const { client } = context;
    let env: string[];
    try {
      env = [...flags['env-file'].flatMap((path) => readKeyValueFile(path, (key) => process.env[key])), ...flags.env];
    } catch (error) {
      throw new Failure((error as Error).message);
    }
    const stdin = flags.interactive && !flags.detach;
    if (flags.tty && stdin && !context.terminal(0)) {
      // A container that is not there is the more important message.
      await client.text('ContainerInspect', { params: { id: container } });
      checkTty(context, stdin, flags.tty);
    }
    const size = flags.tty ? { ConsoleSize: context.size() } : {};
    const keys = context.detachKeys(flags['detach-keys']);
    if (!flags.detach) client.preconnect(1);
    const { Id: id } = await client.call('ContainerExec', {
      params: { id: container },
      body: {
        User: flags.user,
        Privileged: flags.privileged,
        Tty: flags.tty,
        ...size,
        AttachStdin: stdin,
        AttachStdout: !flags.detach,
        AttachStderr: !flags.detach,
        DetachKeys: keys,
        Env: env,
        WorkingDir: flags.workdir,
        Cmd: words,
      },
    });
    if (flags.detach) {
      await client.text('ExecStart', { params: { id }, body: { Detach: true, Tty: flags.tty, ...size } });
      return 0;
    }
    const hijacked = await client.hijack('ExecStart', {
      params: { id },
      body: { Detach: false, Tty: flags.tty, ...size },
    });
    if (flags.tty && context.terminal(0)) void followSize(context, 'ExecResize', id);
    const ending = await copyStreams(context, hijacked.wire, {
      tty: flags.tty,
      stdin,
      stdout: true,
      stderr: true,
      detachKeys: keys,
    });
    if (ending === 'detached') throw new Failure('read escape sequence');
    const { ExitCode: code } = await client.call('ExecInspect', { params: { id } });
    return code ?? 0;
  },
});

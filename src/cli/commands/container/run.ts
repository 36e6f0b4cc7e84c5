// `run`: create, attach, wait and start, with as few round trips one after the other as there can be.
import { messageOf } from '../../../base/errors.ts';
import { type Context, command } from '../../session/context.ts';
import { atLeast, Failure, flag } from '../../grammar/index.ts';
import { createContainer, planCreation, withHelp } from './creation.ts';
import { containerFlags } from './flags.ts';
import { copyStreams, type Ending } from './attached.ts';
import { checkTty, followSize, proxySignals } from './terminal.ts';
import { registerWait } from './waiting.ts';

export const run = command({
  use: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  description: 'Create and run a new container from an image',
  aliases: 'docker container run, docker run',
  args: atLeast(1),
  flagsFirst: true,
  flags: {
    ...containerFlags,
    pull: flag.string('', 'Pull image before running ("always", "missing", "never")', 'missing'),
    detach: flag.bool('d', 'Run container in background and print container ID'),
    'detach-keys': flag.string('', 'Override the key sequence for detaching a container'),
    'sig-proxy': flag.bool('', 'Proxy received signals to the process', true),
  },
  async run(context, { flags, changed, args: [image = '', ...words] }) {
    const planned = await planCreation(context, 'run', {
      flags,
      changed: changed as (name: string) => boolean,
      image,
      command: words,
    });
    if (flags.detach && flags.attach.length > 0) {
      throw new Failure('conflicting options: cannot specify both --attach and --detach');
    }
    const body = flags.detach
      ? { ...planned, AttachStdin: false, AttachStdout: false, AttachStderr: false, StdinOnce: false }
      : planned;
    if (!flags.detach) checkTty(context, body.AttachStdin === true, flags.tty);
    const attach = body.AttachStdin === true || body.AttachStdout === true || body.AttachStderr === true;
    // Dialled while the daemon creates the container.
    if (attach) context.client.preconnect(2);
    const id = await createContainer(context, {
      body,
      name: flags.name,
      platform: flags.platform,
      pull: flags.pull,
      quiet: flags.quiet,
      cidfile: flags.cidfile,
    }).catch((error: unknown) => {
      throw startError(error);
    });
    if (flags['sig-proxy']) proxySignals(context, id);
    if (!attach) {
      context.out(`${id}\n`);
      await context.client.text('ContainerStart', { params: { id } }).catch((error: unknown) => {
        throw startError(error);
      });
      return 0;
    }
    return runAttached(context, id, {
      tty: flags.tty,
      stdin: body.AttachStdin === true,
      stdout: body.AttachStdout === true,
      stderr: body.AttachStderr === true,
      detachKeys: context.detachKeys(flags['detach-keys']),
      rm: flags.rm,
    });
  },
});

interface Attached {
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detachKeys: string;
  readonly rm: boolean;
}

async function runAttached(context: Context, id: string, how: Attached): Promise<number> {
  const { client } = context;
  const only = (name: string, on: boolean) => (on ? { [name]: true } : {});
  const [hijacked, wait] = await Promise.all([
    client.hijack('ContainerAttach', {
      params: { id },
      query: {
        stream: true,
        ...only('stdin', how.stdin),
        ...only('stdout', how.stdout),
        ...only('stderr', how.stderr),
        ...(how.detachKeys === '' ? {} : { detachKeys: how.detachKeys }),
      },
    }),
    registerWait(context, id, how.rm ? 'removed' : 'next-exit'),
  ]);
  const copying = copyStreams(context, hijacked.wire, how);
  copying.catch(() => undefined);
  try {
    await client.text('ContainerStart', { params: { id } });
  } catch (error) {
    hijacked.wire.socket.destroy();
    if (how.rm) await wait.code;
    throw startError(error);
  }
  if (how.tty && context.terminal(1)) void followSize(context, 'ContainerResize', id);
  const first = await Promise.race([copying.then((ending) => ({ ending })), wait.code.then((code) => ({ code }))]);
  if ('ending' in first) return first.ending === 'detached' ? 0 : wait.code;
  // The container is gone, but its last output may still be on the way.
  if (how.stdout || how.stderr) await copying.catch((): Ending => 'ended');
  return first.code;
}

/** The exit code says where it went wrong: 127 no such program, 126 not executable, 125 the daemon. */
function startError(error: unknown): Failure {
  const message = messageOf(error);
  if (/executable file not found|no such file or directory|system cannot find the file specified/.test(message)) {
    return withHelp(message, 'run', 127);
  }
  if (/permission denied|is a directory/.test(message)) return withHelp(message, 'run', 126);
  return withHelp(message, 'run');
}

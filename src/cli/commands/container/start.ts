// `start`: starts stopped containers, or one of them with the terminal attached.
import { messageOf } from '../../../base/errors.ts';
import { type Context, command } from '../../session/context.ts';
import { atLeast, Failure, flag } from '../../grammar/index.ts';
import { copyStreams } from './attached.ts';
import { followSize, proxySignals } from './terminal.ts';
import { registerWait } from './waiting.ts';

export const start = command({
  use: '[OPTIONS] CONTAINER [CONTAINER...]',
  description: 'Start one or more stopped containers',
  aliases: 'docker container start, docker start',
  args: atLeast(1),
  flags: {
    attach: flag.bool('a', 'Attach STDOUT/STDERR and forward signals'),
    checkpoint: flag.string('', 'Restore from this checkpoint'),
    'checkpoint-dir': flag.string('', 'Use a custom checkpoint storage directory'),
    'detach-keys': flag.string('', 'Override the key sequence for detaching a container'),
    interactive: flag.bool('i', "Attach container's STDIN"),
  },
  async run(context, { flags, args }) {
    if (flags.attach || flags.interactive) {
      if (args.length > 1) throw new Failure('you cannot start and attach multiple containers at once');
      return attached(context, args[0] ?? '', {
        interactive: flags.interactive,
        detachKeys: context.detachKeys(flags['detach-keys']),
      });
    }
    const failed: string[] = [];
    for (const id of args) {
      try {
        await context.client.text('ContainerStart', { params: { id } });
        context.out(`${id}\n`);
      } catch (error) {
        context.err(`${messageOf(error)}\n`);
        failed.push(id);
      }
    }
    if (failed.length > 0) throw new Failure(`Error: failed to start containers: ${failed.join(', ')}`);
    return 0;
  },
});

async function attached(
  context: Context,
  name: string,
  how: { interactive: boolean; detachKeys: string },
): Promise<number> {
  const { client } = context;
  const container = await client.call('ContainerInspect', { params: { id: name } });
  const { Id: id, Config: config } = container;
  if (!config.Tty) proxySignals(context, id);
  const stdin = how.interactive && config.OpenStdin;
  const [hijacked, wait] = await Promise.all([
    client.hijack('ContainerAttach', {
      params: { id },
      query: {
        stream: true,
        stdout: true,
        stderr: true,
        ...(stdin ? { stdin } : {}),
        ...(how.detachKeys === '' ? {} : { detachKeys: how.detachKeys }),
      },
    }),
    registerWait(context, id, container.HostConfig.AutoRemove ? 'removed' : 'next-exit'),
  ]);
  const copying = copyStreams(context, hijacked.wire, {
    tty: config.Tty,
    stdin,
    stdout: true,
    stderr: true,
    detachKeys: how.detachKeys,
  });
  copying.catch(() => undefined);
  try {
    await client.text('ContainerStart', { params: { id } });
  } catch (error) {
    hijacked.wire.socket.destroy();
    if (container.HostConfig.AutoRemove) await wait.code;
    throw error;
  }
  if (config.Tty && context.terminal(1)) void followSize(context, 'ContainerResize', id);
  return (await copying) === 'detached' ? 0 : wait.code;
}

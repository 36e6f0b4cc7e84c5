// `attach`: the terminal on a running container.
import { readAll } from '../../../client/index.ts';
import type { ContainerInspect, ContainerWaitResponse } from '../../../spec/docker/container.ts';
import { type Context, command } from '../../session/context.ts';
import { exactly, Failure, flag } from '../../grammar/index.ts';
import { copyStreams } from './attached.ts';
import { checkTty, followSize, proxySignals } from './terminal.ts';

export const attach = command({
  use: '[OPTIONS] CONTAINER',
  description: 'Attach local standard input, output, and error streams to a running container',
  aliases: 'docker container attach, docker attach',
  args: exactly(1),
  flags: {
    'detach-keys': flag.string('', 'Override the key sequence for detaching a container'),
    'no-stdin': flag.bool('', 'Do not attach STDIN'),
    'sig-proxy': flag.bool('', 'Proxy all received signals to the process', true),
  },
  async run(context, { flags, args: [id = ''] }) {
    const { client } = context;
    const container = await running(context, id);
    const { Config: config } = container;
    checkTty(context, !flags['no-stdin'], config.Tty);
    const keys = context.detachKeys(flags['detach-keys']);
    const stdin = !flags['no-stdin'] && config.OpenStdin;
    if (flags['sig-proxy'] && !config.Tty) proxySignals(context, id);
    const [hijacked, wait] = await Promise.all([
      client.hijack('ContainerAttach', {
        params: { id },
        query: {
          stream: true,
          stdout: true,
          stderr: true,
          ...(stdin ? { stdin } : {}),
          ...(keys === '' ? {} : { detachKeys: keys }),
        },
      }),
      client.stream('ContainerWait', { params: { id } }),
    ]);
    // It may have stopped between the look and the attach, which would then never end.
    await running(context, id);
    if (config.Tty && context.terminal(1)) {
      const [h, w] = context.size();
      // A shell draws its prompt anew only when the size changes.
      await client.text('ContainerResize', { params: { id }, query: { h: h + 1, w: w + 1 } }).catch(() => undefined);
      void followSize(context, 'ContainerResize', id);
    }
    const ending = await copyStreams(context, hijacked.wire, {
      tty: config.Tty,
      stdin,
      stdout: true,
      stderr: true,
      detachKeys: keys,
    });
    if (ending === 'detached') throw new Failure('read escape sequence');
    const result = JSON.parse(await readAll(wait.body)) as ContainerWaitResponse;
    if (result.Error) throw new Failure(result.Error.Message);
    return result.StatusCode;
  },
});

async function running(context: Context, id: string): Promise<ContainerInspect> {
  const container = await context.client.call('ContainerInspect', { params: { id } });
  const { State: state } = container;
  if (!state.Running) throw new Failure('You cannot attach to a stopped container, start it first');
  if (state.Paused) throw new Failure('You cannot attach to a paused container, unpause it first');
  if (state.Restarting) throw new Failure('You cannot attach to a restarting container, wait until it is running');
  return container;
}

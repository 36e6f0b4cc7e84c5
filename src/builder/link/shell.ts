// The terminal of the client for who looks at a failed step: asked for when the step fails.
import { messageOf } from '../../base/errors.ts';
import { FRAME, type ShellAnswer, type ShellSize } from '../../spec/berth/build.ts';
import type { BuildRequest, FailedStep } from '../model/request.ts';
import type { Channel, Link } from './link.ts';

export function linkShell(link: Link): NonNullable<BuildRequest['onFailure']> {
  let first: Promise<void> | undefined;
  // there is one terminal: a step that fails meanwhile waits for its end, since the build would take the shell with it
  return (step, signal) => (first ??= open(link, step, signal));
}

async function open(link: Link, step: FailedStep, signal: AbortSignal): Promise<void> {
  await using channel = await link.ask({ kind: 'shell', command: step.command, reason: step.reason });
  const { term, size } = await channel.json<ShellAnswer>(signal);
  if (term === undefined) return;
  try {
    await step.shell({ size, term, input: input(channel, signal), write: (data) => channel.send(FRAME.data, data) });
    await channel.send(FRAME.end);
  } catch (error) {
    await channel.send(FRAME.error, messageOf(error));
  }
}

async function* input(
  channel: Channel,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array | readonly [number, number], void, undefined> {
  for (let one = await channel.next(signal); one; one = await channel.next(signal)) {
    if (one.kind === FRAME.data) yield one.payload;
    else if (one.kind === FRAME.json) yield (JSON.parse(one.payload.toString()) as ShellSize).size;
  }
}

// Ties a client to a container's stdio, now or when it is started.
import { conflict, messageOf } from '../../base/errors.ts';
import type { Container } from '../container/container.ts';
import { type EngineContext, emit } from '../container/context.ts';
import { hasProcess, isRestarting } from '../lifecycle/index.ts';
import { consoleOf } from '../container/running.ts';
import { Attachment, type Io, parseDetachKeys } from '../container/streams.ts';
import { logBatches } from './logs.ts';

export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** What was written before now comes first. */
  readonly logs: boolean;
  /** Goes on with what is written from now on. */
  readonly stream: boolean;
  readonly detachKeys: string | undefined;
}

/** Checks before the connection is taken over; throws Docker's refusals. */
export function checkAttach(context: EngineContext, reference: string, options: AttachOptions): { tty: boolean } {
  const { state, record, id } = context.registry.get(reference);
  parseDetachKeys(options.detachKeys);
  if (state.phase === 'paused') throw conflict(`container ${id} is paused, unpause the container before attach`);
  if (isRestarting(state)) throw conflict(`container ${id} is restarting, wait until the container is running`);
  return { tty: record.config.Tty };
}

/** Resolves when the client or the process is gone. */
export async function attach(context: EngineContext, reference: string, options: AttachOptions, io: Io): Promise<void> {
  const container = context.registry.get(reference);
  const { config } = container.record;
  if (options.logs) {
    const request = {
      stdout: options.stdout,
      stderr: options.stderr,
      since: undefined,
      until: undefined,
      tail: undefined,
      follow: false,
      eachLine: !config.Tty,
    };
    for await (const batch of logBatches(context, container, request, AbortSignal.timeout(60_000))) {
      for (const line of batch) if (!io.write(line.channel, line.data)) await io.drained();
    }
  }
  if (!options.stream) {
    io.end();
    return;
  }
  emit(context, container, 'attach');
  const attachment = new Attachment(io, {
    stdin: options.stdin && config.OpenStdin,
    stdout: options.stdout,
    stderr: options.stderr,
    closeStdin: config.StdinOnce && !config.Tty,
    detachKeys: config.Tty || options.detachKeys !== undefined ? parseDetachKeys(options.detachKeys) : [],
    onDetach: () => emit(context, container, 'detach'),
    // who sees the end of the output may ask for the exit code at once
    endsAfter: async () => runs(container) && container.nextExit(),
  });
  connect(context, container, attachment);
  await attachment.done;
  container.waitingAttachments.delete(attachment);
}

/** To the process that there is, or to the next one; to none when the container was removed meanwhile. */
function connect(context: EngineContext, container: Container, attachment: Attachment): void {
  if (runs(container)) {
    try {
      attachment.connect(consoleOf(context, container));
    } catch (error) {
      // the monitor is gone: the process has ended, and its exit is about to be handled
      context.log.debug(`container ${container.id}: attach: ${messageOf(error)}`);
      attachment.end();
    }
  } else if (context.registry.find(container.id) === container) container.waitingAttachments.add(attachment);
  else attachment.end();
}

/** Or is about to: there is a process already. */
function runs({ state }: Container): boolean {
  return hasProcess(state.phase) || (state.phase === 'starting' && state.process !== undefined);
}

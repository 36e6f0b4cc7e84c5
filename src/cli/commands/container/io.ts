// Copies between the terminal and an attached container or exec, with raw mode, half-close and detach keys.

import { Demux, type Wire } from '../../../client/index.ts';
import type { Context } from '../../context.ts';
import { enterRawMode } from '../../raw-mode.ts';
import { DetachKeys } from './detach.ts';

export interface Streams {
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** '' is Docker's default, ctrl-p,ctrl-q */
  readonly detachKeys: string;
}

export type Ending = 'ended' | 'detached';

/** Runs until the other side ends its output, or the detach keys were typed. */
export async function copyStreams(context: Context, wire: Wire, streams: Streams): Promise<Ending> {
  const input = streams.stdin ? startInput(wire, streams) : undefined;
  if (!input) wire.socket.end();
  const output = copyOutput(context, wire, streams);
  if (!input) {
    await output;
    return 'ended';
  }
  try {
    return await Promise.race([output.then((): Ending => 'ended'), input.detached]);
  } finally {
    input.stop();
  }
}

async function copyOutput(context: Context, wire: Wire, streams: Streams): Promise<void> {
  const demux = new Demux((stream, data) => {
    if (stream === 'stderr') context.err(data);
    else if (stream === 'systemerr') throw new Error(`error from daemon in stream: ${data.toString('utf8')}`);
    else context.out(data);
  });
  for (let chunk = await wire.inbox.take(); chunk; chunk = await wire.inbox.take()) {
    if (streams.tty) context.out(chunk);
    else demux.push(chunk);
  }
}

interface Input {
  readonly detached: Promise<Ending>;
  stop(): void;
}

function startInput(wire: Wire, streams: Streams): Input {
  const { stdin } = process;
  const raw = streams.tty && stdin.isTTY;
  const leave = raw ? enterRawMode() : undefined;
  const keys = raw ? new DetachKeys(streams.detachKeys) : undefined;
  let detach: (ending: Ending) => void = () => undefined;
  const detached = new Promise<Ending>((resolve) => {
    detach = resolve;
  });
  const onData = (chunk: Buffer): void => {
    const seen = keys ? keys.push(chunk) : { data: chunk, detach: false };
    if (seen.data.length > 0 && !wire.socket.write(seen.data)) {
      stdin.pause();
      wire.socket.once('drain', () => stdin.resume());
    }
    if (seen.detach) detach('detached');
  };
  stdin.on('data', onData);
  stdin.once('end', () => wire.socket.end());
  stdin.on('error', () => wire.socket.end());
  return {
    detached,
    stop: () => {
      stdin.off('data', onData);
      stdin.pause();
      leave?.();
    },
  };
}

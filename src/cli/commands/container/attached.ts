// Ties the terminal, or what stands for it, to an attached container or exec.
import { copyInput, copyOutput } from '../../../client/container/index.ts';
import type { Wire } from '../../../client/index.ts';
import type { Context } from '../../session/context.ts';
import { enterRawMode } from '../../session/raw-mode.ts';

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
  if (!streams.stdin) {
    wire.socket.end();
    await copyOutput(wire, context, streams.tty);
    return 'ended';
  }
  const { stdin } = process;
  const raw = streams.tty && stdin.isTTY;
  const leave = raw ? enterRawMode() : undefined;
  const input = copyInput(wire, stdin, raw ? streams.detachKeys : undefined);
  const output = copyOutput(wire, context, streams.tty);
  try {
    return await Promise.race([output.then((): Ending => 'ended'), input.detached.then((): Ending => 'detached')]);
  } finally {
    input.stop();
    leave?.();
  }
}

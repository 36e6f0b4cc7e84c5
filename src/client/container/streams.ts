// Copies between an attached container or exec and streams of this program, with half-close and detach keys.
import type { Readable } from 'node:stream';
import { Demux } from '../demux.ts';
import type { Wire } from '../wire.ts';
import { DetachKeys } from './detach-keys.ts';

/** Where output goes. */
export interface Output {
  out(data: Uint8Array): void;
  err(data: Uint8Array): void;
}

/** Runs until the other side ends its output. With a terminal it is one stream; without, two that are multiplexed. */
export async function copyOutput(wire: Wire, output: Output, tty: boolean): Promise<void> {
  const demux = new Demux((stream, data) => {
    if (stream === 'stderr') output.err(data);
    else if (stream === 'systemerr') throw new Error(`error from daemon in stream: ${data.toString('utf8')}`);
    else output.out(data);
  });
  for (let chunk = await wire.inbox.take(); chunk; chunk = await wire.inbox.take()) {
    if (tty) output.out(chunk);
    else demux.push(chunk);
  }
}

export interface InputCopy {
  /** Resolves when the keys were typed; never without keys. */
  readonly detached: Promise<void>;
  stop(): void;
}

/** Until the input ends, which the other side is told. `detachKeys`: undefined where none are looked for, '' for Docker's. */
export function copyInput(wire: Wire, input: Readable, detachKeys: string | undefined): InputCopy {
  const keys = detachKeys === undefined ? undefined : new DetachKeys(detachKeys);
  const { promise: detached, resolve: detach } = Promise.withResolvers<void>();
  const onData = (chunk: Buffer): void => {
    const seen = keys ? keys.push(chunk) : { data: chunk, detach: false };
    if (seen.data.length > 0 && !wire.socket.write(seen.data)) {
      input.pause();
      wire.socket.once('drain', () => input.resume());
    }
    if (seen.detach) detach();
  };
  input.on('data', onData);
  input.once('end', () => wire.socket.end());
  input.on('error', () => wire.socket.end());
  return {
    detached,
    stop: () => {
      input.off('data', onData);
      input.pause();
    },
  };
}

// One call's stream of messages on either side: read one after another, written with back pressure.
import type { Http2Stream } from 'node:http2';
import { cancelled } from '../../../base/errors.ts';
import { Deframer, frame } from './frames.ts';

/** Messages that wait for their reader until the sender is asked to stop. */
const HIGH_WATER = 64;

/** Reads the messages of a stream. Ends with the stream; throws what `failure` says when that was no orderly end. */
export async function* messagesOf(
  stream: Http2Stream,
  failure: () => Error | undefined,
): AsyncGenerator<Buffer, void, void> {
  const deframer = new Deframer();
  const queue: Buffer[] = [];
  let over = false;
  let broken: Error | undefined;
  let wake = (): void => undefined;
  const finish = (error?: Error): void => {
    broken ??= error;
    over = true;
    wake();
  };
  stream.on('data', (chunk: Buffer) => {
    try {
      for (const body of deframer.push(chunk)) queue.push(body);
    } catch (error) {
      finish(error as Error);
      stream.destroy();
    }
    if (queue.length > HIGH_WATER) stream.pause();
    wake();
  });
  stream.once('end', () => finish());
  stream.once('aborted', () => finish(cancelled('context canceled')));
  stream.once('error', finish);
  stream.once('close', () => finish());
  try {
    for (;;) {
      for (let at = 0; at < queue.length; at += 1) {
        const body = queue[at];
        if (body) yield body;
      }
      queue.length = 0;
      if (stream.isPaused()) stream.resume();
      if (queue.length > 0) continue;
      if (over) break;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    stream.resume();
  }
  const error = broken ?? failure();
  if (error) throw error;
}

/** Resolves when there is room for more; rejects when the other side is gone. */
export function send(stream: Http2Stream, body: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stream.destroyed || stream.closed || stream.writableEnded) {
      reject(cancelled('context canceled'));
      return;
    }
    if (stream.write(frame(body))) {
      resolve();
      return;
    }
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.once('drain', done);
    stream.once('close', done);
  });
}

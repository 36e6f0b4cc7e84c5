// A connection that was taken over, as the engine sees it: framed output, raw input.
import type { Duplex } from 'node:stream';
import type { Io } from '../engine/index.ts';
import { frame } from './framing.ts';

/** `raw`: a terminal, or a client that wants no frames. */
export function ioOf(socket: Duplex, raw: boolean, withInput: boolean): Io {
  const closed = new Promise<void>((resolve) => {
    if (socket.destroyed) resolve();
    socket.once('close', () => resolve());
    socket.once('error', () => resolve());
  });
  // a client that sends nothing is still read, so that its going is noticed
  if (!withInput) socket.resume();
  return {
    write: (channel, data) => {
      if (socket.destroyed || socket.writableEnded) return true;
      return socket.write(raw ? data : frame(channel, data));
    },
    drained: () =>
      new Promise((resolve) => {
        if (socket.destroyed) {
          resolve();
          return;
        }
        const done = (): void => {
          socket.off('drain', done);
          socket.off('close', done);
          resolve();
        };
        socket.once('drain', done);
        socket.once('close', done);
      }),
    end: () => {
      if (socket.writableEnded) return;
      socket.end();
      // the client may leave its half open for ever
      setTimeout(() => socket.destroy(), 1000).unref();
    },
    input: withInput ? socket : undefined,
    closed,
  };
}

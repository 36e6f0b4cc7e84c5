// Connections that nodes open to this manager because it asked for them: each by a token of its own, from the node that it was meant for.
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { unavailable } from '../../base/errors.ts';
import type { ToNode } from './sessions.ts';

/** A node that was asked opens it within so many milliseconds. */
const OPEN_MS = 10_000;
/** Tunnels that are waited for at a time. */
export const MAX_AWAITED = 1024;

interface Awaited {
  readonly node: string;
  readonly arrived: (stream: Duplex) => void;
}

export class Tunnels {
  readonly #awaited = new Map<string, Awaited>();

  expect(node: string): { readonly token: string; readonly opened: Promise<Duplex> } {
    if (this.#awaited.size >= MAX_AWAITED) throw unavailable('too many tunnels are being opened');
    const token = randomBytes(24).toString('base64url');
    const opened = new Promise<Duplex>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#awaited.delete(token);
        reject(unavailable('the node of the task does not answer'));
      }, OPEN_MS);
      const arrived = (stream: Duplex): void => {
        clearTimeout(timer);
        resolve(stream);
      };
      this.#awaited.set(token, { node, arrived });
    });
    // who asked may have failed before it looks
    opened.catch(() => undefined);
    return { token, opened };
  }

  arrived(token: string, node: string, connection: ToNode): void {
    const awaited = this.#awaited.get(token);
    if (awaited?.node !== node) {
      connection.close();
      return;
    }
    this.#awaited.delete(token);
    const stream = connection.release();
    stream.allowHalfOpen = true;
    awaited.arrived(stream);
  }
}

// Requests whose connection is taken over although they may ask for no upgrade: what follows them is a stream and no next request.
import { IncomingMessage } from 'node:http';

const PATH = /^(?:\/v[\d.]+)?\/(?:containers\/[^/]+\/attach|exec\/[^/]+\/start)(?:\?|$)/;
/** A body that is longer is read as that of any request. */
export const MAX_BODY = 1024 * 1024;

/** Whether the parser stops behind the head. A body in chunks, or one that waits to be asked for, needs it longer. */
export function isTakenOver({
  method,
  url = '',
  headers,
}: Pick<IncomingMessage, 'method' | 'url' | 'headers'>): boolean {
  return (
    method === 'POST' &&
    PATH.test(url) &&
    headers['transfer-encoding'] === undefined &&
    headers.expect === undefined &&
    Number(headers['content-length'] ?? 0) <= MAX_BODY
  );
}

const asked = new WeakMap<object, boolean>();

/** Node's server looks at `upgrade` once the head is read; of its own it knows only the header. */
export class ApiMessage extends IncomingMessage {
  get upgrade(): boolean {
    return asked.get(this) === true || isTakenOver(this);
  }

  /** Called by the constructor above, before there are fields of this class. */
  set upgrade(value: boolean | null) {
    asked.set(this, value === true);
  }
}

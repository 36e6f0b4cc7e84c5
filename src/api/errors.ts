// What an error says to the client, and with which status.
import { BerthError, messageOf } from '../base/errors.ts';

export { statusOf } from '../http/index.ts';

/** Message and hint for the person at the other end. */
export function textOf(error: unknown): string {
  if (error instanceof BerthError && error.hint !== undefined) return `${error.message} (${error.hint})`;
  return messageOf(error);
}

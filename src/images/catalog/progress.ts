// Lines of a progress stream, as dockerd writes them.
import { messageOf } from '../../base/errors.ts';
import type { ProgressMessage } from '../../spec/docker/index.ts';

export type Say = (message: ProgressMessage) => Promise<void> | void;

/** What a stream says when the work fails after it began. */
export function errorMessage(error: unknown): ProgressMessage {
  const message = messageOf(error);
  return { errorDetail: { message }, error: message };
}

const EVERY_MS = 100;

/** Passes bytes on and tells how far it is, ten times a second at most and at the end. */
export async function* withProgress(
  source: AsyncIterable<Uint8Array>,
  say: Say,
  what: { readonly status: string; readonly id?: string; readonly total?: number },
): AsyncGenerator<Uint8Array, void, void> {
  let current = 0;
  let last = 0;
  const notify = (): Promise<void> | void =>
    say({
      status: what.status,
      progressDetail: what.total ? { current, total: what.total } : { current },
      ...(what.id ? { id: what.id } : {}),
    });
  for await (const chunk of source) {
    yield chunk;
    current += chunk.length;
    const now = Date.now();
    if (now - last < EVERY_MS) continue;
    last = now;
    await notify();
  }
  await notify();
}

// Bytes passed through a transform stream, whose failures become errors of ours.
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { invalid, messageOf } from '../base/errors.ts';

export async function* through(
  transform: Duplex,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  let sourceFailure: { error: unknown } | undefined;
  const closed = new Promise((resolve) => transform.once('close', resolve));
  void (async () => {
    try {
      for await (const chunk of source) {
        if (transform.destroyed) return;
        // one that was destroyed never drains
        if (!transform.write(chunk)) await Promise.race([once(transform, 'drain'), closed]);
      }
      transform.end();
    } catch (error) {
      if (!transform.destroyed) sourceFailure = { error };
      transform.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  })();
  try {
    for await (const chunk of transform) yield chunk as Buffer;
  } catch (error) {
    if (sourceFailure) throw sourceFailure.error;
    throw invalid(`broken compressed archive: ${messageOf(error)}`, { cause: error });
  } finally {
    transform.destroy();
  }
}

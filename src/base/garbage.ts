// Buffers that a stream brings are small to V8 and large outside of its heap: it lets some 64 MB of dead ones gather before it looks.

/** As much garbage as a busy stream may leave before it is collected, bytes. */
const ENOUGH = 16 * 1024 * 1024;

let left = 0;

/**
 * Counts bytes of buffers that were used up. Now and then a collection of the young ones follows, which takes about a
 * millisecond. Only where the launcher exposes the collector (`--expose-gc`); elsewhere it does nothing.
 */
export function usedUp(bytes: number): void {
  left += bytes;
  if (left < ENOUGH) return;
  left = 0;
  globalThis.gc?.({ type: 'minor' });
}

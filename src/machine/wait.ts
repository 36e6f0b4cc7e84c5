// Waits for what other processes do.
import type { ChildProcess } from 'node:child_process';

const STEP_MS = 25;

/** False when it did not become true in time. */
export async function waitUntil(isTrue: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  for (const end = Date.now() + timeoutMs; ; ) {
    if (await isTrue()) return true;
    if (Date.now() > end) return false;
    await pause(STEP_MS);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

export function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null && child.pid !== undefined;
}

// Gives memory that was needed for a while back to the host: JavaScript's heap is collected, then libc's free pages are returned.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { bind } from './libc.ts';

const trim = bind('int malloc_trim(size_t pad)');

/** Takes some 10 ms; for moments when nobody waits. */
export function giveBackMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options?: { type: 'major'; flavor: 'last-resort' }) => void;
  setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', flavor: 'last-resort' });
  trim(0);
}

/** Between the two passes: what the first one lets go of (threads, buffers of native code) is freed meanwhile, milliseconds. */
const SECOND_PASS_MS = 1000;

/** Runs `giveBackMemory` after each busy time: when `touch` was not called for `quietMs`. */
export function whenQuiet(quietMs: number): { touch: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const passes = (): void => {
    giveBackMemory();
    setTimeout(giveBackMemory, SECOND_PASS_MS).unref();
  };
  return {
    touch: () => {
      if (timer) timer.refresh();
      else timer = setTimeout(passes, quietMs).unref();
    },
  };
}

// What is true of a machine now: by its files and by the processes that live.
import { statSync } from 'node:fs';
import type { Layout } from './layout.ts';
import { isSame } from './process.ts';
import { readRun, type RunRecord } from './record.ts';

export type State =
  | { readonly kind: 'stopped' }
  /** `isTended`: the helper that brings its socket and ports to the host lives. */
  | { readonly kind: 'running'; readonly run: RunRecord; readonly isTended: boolean };

export function observe(layout: Layout): State {
  const run = readRun(layout);
  if (!run || !isSame(run.machine)) return { kind: 'stopped' };
  return { kind: 'running', run, isTended: isSame(run.tend) };
}

/** Bytes that the disk really takes; 0 when it is not there. */
export function diskUsed(layout: Layout): number {
  const status = statSync(layout.data, { throwIfNoEntry: false });
  return (status?.blocks ?? 0) * 512;
}

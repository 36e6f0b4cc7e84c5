// Limits so low that crun, which sets them before its own work is done, could not start the process: they are set from outside,
// while it waits. Pure.
import type { OciProcess } from './spec/index.ts';

type Rlimit = NonNullable<OciProcess['rlimits']>[number];

/** Open files that crun needs at once. */
const FILES = 64;

export function lateLimits(rlimits: readonly Rlimit[]): Rlimit[] {
  return rlimits.filter(({ type, soft }) =>
    type === 'RLIMIT_NOFILE' ? soft < FILES : type === 'RLIMIT_FSIZE' && soft < 2 ** 40,
  );
}

export function withoutLimits(process: OciProcess, late: readonly Rlimit[]): OciProcess {
  if (late.length === 0) return process;
  return { ...process, rlimits: (process.rlimits ?? []).filter((one) => !late.includes(one)) };
}

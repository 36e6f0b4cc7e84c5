// Processes beside us, known again by pid, start time and boot: on Linux through /proc, elsewhere by ps.
import { spawnSync } from 'node:child_process';
import { bootId, startTicks } from '../host/process.ts';

export interface ProcessMark {
  readonly pid: number;
  /** When it began, in the words of the system; '' where the system does not say. */
  readonly began: string;
}

/** Undefined when there is no such process. */
export function markOf(pid: number): ProcessMark | undefined {
  const began = beganOf(pid);
  return began === undefined ? undefined : { pid, began };
}

export function isSame(mark: ProcessMark | undefined): mark is ProcessMark {
  return mark !== undefined && beganOf(mark.pid) === mark.began;
}

function beganOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    const ticks = startTicks(pid);
    return ticks === undefined ? undefined : `${bootId()} ${ticks}`;
  }
  if (process.platform !== 'win32') {
    const { status, stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
    return status === 0 ? stdout.trim() : undefined;
  }
  try {
    process.kill(pid, 0);
    return '';
  } catch {
    return undefined;
  }
}

/** Nothing when it is gone. */
export function end(mark: ProcessMark | undefined, signal: NodeJS.Signals): void {
  if (!isSame(mark)) return;
  try {
    process.kill(mark.pid, signal);
  } catch {
    // it went by itself
  }
}

// Named points at the doors to disk and kernel where a test may let the daemon die or a step fail. Costs a comparison otherwise.
//
// BERTH_FAULT=mount:2            SIGKILL when `mount` is passed for the second time
// BERTH_FAULT=blob.rename:1:ENOSPC   that pass throws an error of that code
// BERTH_FAULT_TRACE=FILE         each point that is passed adds a line to the file
import { appendFileSync } from 'node:fs';

interface Fault {
  readonly point: string;
  readonly pass: number;
  /** undefined: the process dies. */
  readonly code: string | undefined;
}

type Pass = (point: string) => void;

let pass: Pass | undefined = armed(process.env['BERTH_FAULT'], process.env['BERTH_FAULT_TRACE']);

/** To be called right before what could fail or be the last thing done; names are `what` or `what.detail`. */
export function faultPoint(point: string): void {
  pass?.(point);
}

/** For tests in one process; undefined disarms. */
export function armFault(fault: string | undefined): void {
  pass = armed(fault, undefined);
}

function armed(fault: string | undefined, trace: string | undefined): Pass | undefined {
  const wanted = fault === undefined || fault === '' ? undefined : parseFault(fault);
  if (!wanted && !trace) return undefined;
  let passes = 0;
  return (point) => {
    if (trace) appendFileSync(trace, `${point}\n`);
    if (point !== wanted?.point) return;
    passes += 1;
    if (passes !== wanted.pass) return;
    if (wanted.code === undefined) process.kill(process.pid, 'SIGKILL');
    throw Object.assign(new Error(`${wanted.code}: fault point ${point}`), { code: wanted.code });
  };
}

function parseFault(text: string): Fault {
  const match = /^([\w.-]+):(\d+)(?::([A-Z]+))?$/.exec(text);
  if (!match) throw new Error(`BERTH_FAULT=${text}: POINT:PASS or POINT:PASS:CODE is wanted`);
  return { point: match[1] ?? '', pass: Number(match[2]), code: match[3] };
}

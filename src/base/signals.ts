// Signals by name and number, as `--stop-signal` and `kill --signal` write them.
import { invalid } from './errors.ts';

const NUMBERS: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  IOT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  POLL: 29,
  PWR: 30,
  SYS: 31,
};
const RTMIN = 34;
const RTMAX = 64;

/** `SIGTERM`, `term`, `15`, `RTMIN+3`. Throws invalid `invalid signal: x`; any number but 0 passes. */
export function parseSignal(text: string): number {
  if (/^[+-]?\d+$/.test(text)) {
    const number = Number(text);
    if (number === 0) throw invalid(`invalid signal: ${text}`);
    return number;
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  const number = Object.hasOwn(NUMBERS, name) ? NUMBERS[name] : realTime(name);
  if (number === undefined) throw invalid(`invalid signal: ${text}`);
  return number;
}

/** Names reach half of the range from either end, as in the C library. */
function realTime(name: string): number | undefined {
  const match = /^(RTMIN|RTMAX)(?:([+-])([1-9]\d?))?$/.exec(name);
  if (!match) return undefined;
  const steps = Number(match[3] ?? 0);
  if (match[1] === 'RTMIN') return match[2] !== '-' && steps <= 15 ? RTMIN + steps : undefined;
  return match[2] !== '+' && steps <= 14 ? RTMAX - steps : undefined;
}

/** `TERM` for 15; undefined for a number without a name. */
export function signalName(number: number): string | undefined {
  const name = Object.keys(NUMBERS).find((one) => NUMBERS[one] === number);
  if (name !== undefined) return name;
  if (number < RTMIN || number > RTMAX) return undefined;
  if (number <= RTMIN + 15) return number === RTMIN ? 'RTMIN' : `RTMIN+${number - RTMIN}`;
  return number === RTMAX ? 'RTMAX' : `RTMAX-${RTMAX - number}`;
}

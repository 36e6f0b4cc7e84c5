// How busy this host is: shares of processor, memory and waiting, from one look to the next.
import { readFileSync } from 'node:fs';

export interface HostLoad {
  readonly cpu: number;
  readonly memory: number;
  readonly pressure?: number;
}

interface Ticks {
  readonly busy: number;
  readonly all: number;
}

/** Gives undefined at the first look, for there is nothing to compare with. */
export function hostLoad(): () => HostLoad | undefined {
  let before: Ticks | undefined;
  return () => {
    const now = ticks();
    const last = before;
    before = now;
    if (!last || now.all <= last.all) return undefined;
    const pressure = waiting();
    return {
      cpu: share((now.busy - last.busy) / (now.all - last.all)),
      memory: share(usedMemory()),
      ...(pressure === undefined ? {} : { pressure: share(pressure) }),
    };
  };
}

const share = (value: number): number => Math.round(Math.max(0, Math.min(1, value)) * 1000) / 1000;

function ticks(): Ticks {
  // the first line is of all processors together
  const [first = ''] = readFileSync('/proc/stat', 'latin1').split('\n', 1);
  const words = first
    .split(' ')
    .filter((word) => word !== '')
    .slice(1, 9)
    .map(Number);
  const all = words.reduce((sum, word) => sum + word, 0);
  // idle and waiting for disks
  return { all, busy: all - (words[3] ?? 0) - (words[4] ?? 0) };
}

function usedMemory(): number {
  const lines = readFileSync('/proc/meminfo', 'latin1').split('\n');
  const kilobytes = (name: string): number =>
    Number.parseInt(lines.find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1) ?? '0', 10);
  const total = kilobytes('MemTotal');
  return total === 0 ? 0 : 1 - kilobytes('MemAvailable') / total;
}

/** Of the last ten seconds. */
function waiting(): number | undefined {
  try {
    const head = 'some avg10=';
    const text = readFileSync('/proc/pressure/cpu', 'latin1');
    return text.startsWith(head) ? Number.parseFloat(text.slice(head.length)) / 100 : undefined;
  } catch {
    return undefined;
  }
}

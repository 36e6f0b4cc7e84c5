// Pure. What a person asks of a machine, checked: processors, memory, disk, shared folders, name.
import { invalid } from '../base/errors.ts';
import { parseBytes } from '../base/units.ts';

/** A folder of the host that the machine has too. */
export interface Share {
  readonly host: string;
  /** Where the machine has it: the same path, but for drive letters. */
  readonly guest: string;
  readonly readOnly: boolean;
}

export interface Settings {
  readonly cpus: number;
  /** MiB. */
  readonly memory: number;
  /** GiB. */
  readonly disk: number;
  readonly shares: readonly Share[];
}

export const DEFAULTS = { cpus: 2, memory: 2048, disk: 20 } as const;

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const LEAST = { memory: 512, disk: 2 } as const;
const NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** The name is a folder's, a host name's and a context's. Throws invalid. */
export function checkName(name: string): void {
  if (!NAME.test(name) || name === 'default')
    throw invalid(`"${name}" is no name for a machine`, {
      hint: 'Small letters, digits and dashes, 32 at most; "default" is taken by Docker.',
    });
}

/** Throws invalid for what no host has. */
export function parseCpus(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 255)
    throw invalid(`--cpus ${text}: a number from 1 to 255 is wanted`);
  return count;
}

/** `2g` or `2048m` to MiB. */
export function parseMemory(text: string): number {
  const bytes = /^\d+$/.test(text) ? Number(text) * MIB : parseBytes(text);
  if (bytes === undefined || !Number.isSafeInteger(bytes) || bytes < LEAST.memory * MIB)
    throw invalid(`--memory ${text}: a size of ${LEAST.memory}m or more is wanted, as in 2g`);
  return Math.floor(bytes / MIB);
}

/** `20g` or `20` to GiB. */
export function parseDisk(text: string): number {
  const bytes = /^\d+$/.test(text) ? Number(text) * GIB : parseBytes(text);
  if (bytes === undefined || !Number.isSafeInteger(bytes) || bytes < LEAST.disk * GIB || bytes > 65_536 * GIB)
    throw invalid(`--disk ${text}: a size from ${LEAST.disk}g to 64t is wanted, as in 20g`);
  return Math.floor(bytes / GIB);
}

/** A disk can grow: what lies at its end cannot be cut off. */
export function checkGrowth(now: number, wanted: number): void {
  if (wanted < now) throw invalid(`the disk has ${now} GiB and cannot shrink to ${wanted}`);
}

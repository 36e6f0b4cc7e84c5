// What is kept of a machine: its settings, and how it was started. Each file is replaced as a whole.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { internal, isErrno, notFound } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import { replaceFile } from '../files/index.ts';
import type { Accelerator } from './accelerator.ts';
import type { ShareKind } from './argv.ts';
import { type Layout, layoutOf, machinesRoot, type Platform } from './layout.ts';
import type { ProcessMark } from './process.ts';
import type { Settings } from './settings.ts';

export interface MachineRecord extends Settings {
  readonly version: 1;
  readonly name: string;
  /** RFC 3339 */
  readonly created: string;
  /** 32 hex digits: what systemd would call its machine-id. */
  readonly id: string;
  /** The folder of Debian's part. */
  readonly system: string;
}

export interface RunRecord {
  readonly machine: ProcessMark;
  readonly tend?: ProcessMark;
  readonly sshPort: number;
  readonly qmpPort?: number;
  readonly accelerator: Accelerator;
  readonly shareKind: ShareKind;
  readonly started: string;
}

/** Ports that lead into the machine now, as its helper last wrote them. */
export interface ForwardRecord {
  readonly port: string;
  /** Absent when it works. */
  readonly problem?: string;
}

export interface Place {
  readonly platform: Platform;
  readonly root: string;
}

export function placeOf(env: Readonly<Record<string, string | undefined>>): Place {
  const { platform } = process;
  const known = platform === 'darwin' || platform === 'win32' ? platform : 'linux';
  return { platform: known, root: machinesRoot(known, env) };
}

/** Names of those that are whole, in order. */
export function machineNames({ platform, root }: Place): string[] {
  try {
    return readdirSync(root)
      .filter((name) => name !== 'images' && existsSync(layoutOf(platform, root, name).record))
      .sort();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Throws notFound. */
export function readMachine(layout: Layout, name: string): MachineRecord {
  const record = readJson(layout.record) as MachineRecord | undefined;
  if (!record) throw notFound(`there is no machine "${name}"`, { hint: `Make it with "berth machine init ${name}".` });
  if (record.version !== 1) throw internal(`machine "${name}" was made by a newer Berth`);
  return record;
}

export function writeMachine(layout: Layout, record: MachineRecord): void {
  replaceFile(layout.record, `${JSON.stringify(record, undefined, 2)}\n`, 0o600);
}

export function readRun(layout: Layout): RunRecord | undefined {
  return readJson(layout.run) as RunRecord | undefined;
}

export function writeRun(layout: Layout, run: RunRecord): void {
  replaceFile(layout.run, `${JSON.stringify(run, undefined, 2)}\n`, 0o600);
}

export function readForwards(layout: Layout): readonly ForwardRecord[] {
  return (readJson(forwardsFile(layout)) as ForwardRecord[] | undefined) ?? [];
}

export function writeForwards(layout: Layout, forwards: readonly ForwardRecord[]): void {
  replaceFile(forwardsFile(layout), JSON.stringify(forwards), 0o600);
}

const forwardsFile = (layout: Layout): string => `${layout.run}.ports`;

/** Files here are written whole, by us alone; one that is cut off by a full disk counts as absent. */
function readJson(file: string): unknown {
  try {
    return parseJson(readFileSync(file, 'utf8'));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR') || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

// What a command on a hub's accounts and rules is: its words, arguments and flags as data, and the function that runs it.
import type { Flags } from '../../cli/grammar/index.ts';
import type { DatabaseSync } from 'node:sqlite';
import type { Access } from '../access/index.ts';
import type { StorageDriver } from '../storage/index.ts';

export interface ConsoleCall {
  readonly root: string;
  readonly database: DatabaseSync;
  readonly access: Access;
  /** What holds the bytes, for one process alone until it is disposed of. Throws conflict while a hub serves. */
  readonly openDriver: () => Promise<{ readonly driver: StorageDriver } & AsyncDisposable>;
  readonly args: readonly string[];
  /** The text of a flag; '' when it was not given. */
  readonly text: (flag: string) => string;
  readonly isSet: (flag: string) => boolean;
  /** The first line of the standard input. */
  readonly readLine: () => Promise<string>;
  readonly print: (text: string) => void;
}

export interface ConsoleCommand {
  /** `user add` */
  readonly words: string;
  /** `NAME ROLE`: as many as there are words. */
  readonly args: string;
  readonly short: string;
  readonly flags: Flags;
  readonly run: (call: ConsoleCall) => Promise<void> | void;
}

/** Columns as wide as their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return `${all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n')}\n`;
}

export const dateOf = (at: number | undefined): string => (at === undefined ? 'never' : new Date(at).toISOString());

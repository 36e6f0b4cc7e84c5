// Whole commands, timed from outside, engines in turn so that a slow moment of the machine hits all of them.
import { spawn } from 'node:child_process';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/** Milliseconds from spawn to exit; a failing command is an error, not a fast one. */
export function timeOf({ file, args }: Command): Promise<number> {
  const begin = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(performance.now() - begin);
      else reject(new Error(`${file} ${args.join(' ')}: exit ${code}: ${stderr}`));
    });
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** Medians in milliseconds by name; A B A B …, after `warm` uncounted rounds. */
export async function inTurn(
  commands: Readonly<Record<string, Command>>,
  rounds: number,
  warm = 2,
): Promise<Record<string, number>> {
  const times: Record<string, number[]> = {};
  for (let round = -warm; round < rounds; round += 1) {
    for (const [name, command] of Object.entries(commands)) {
      const time = await timeOf(command);
      if (round >= 0) (times[name] ??= []).push(time);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
}

/** `count` calls, at most `limit` at a time; milliseconds for all. */
export async function allOf(count: number, limit: number, call: (index: number) => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: limit }, async () => {
      for (let index = next++; index < count; index = next++) await call(index);
    }),
  );
  return performance.now() - begin;
}

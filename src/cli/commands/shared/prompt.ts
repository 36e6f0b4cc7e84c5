// Asks on the terminal: yes or no, as docker's prunes do, or for a line.
import { readSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Context } from '../../session/context.ts';

/** True for `y` or `Y`; everything else, the end of input too, is no. */
export function confirm(context: Context, question: string): boolean {
  context.out(`${question} [y/N] `);
  const byte = Buffer.alloc(1);
  let line = '';
  for (;;) {
    let count = 0;
    try {
      count = readSync(0, byte, 0, 1, null);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : '';
      if (code === 'EAGAIN') {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
        continue;
      }
    }
    if (count === 0 || byte[0] === 10) break;
    line += byte.toString('latin1');
  }
  context.out('\n');
  return line.trim().toLowerCase() === 'y';
}

/** A line of the terminal, shown while it is typed or not. */
export function ask(question: string, echo: boolean): Promise<string> {
  process.stdout.write(question);
  return new Promise((resolve) => {
    const reader = createInterface({
      input: process.stdin,
      ...(echo ? { output: process.stdout } : {}),
      terminal: true,
    });
    reader.once('line', (line) => {
      reader.close();
      resolve(line.trim());
    });
  });
}

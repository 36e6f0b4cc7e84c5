// What a command gets through its standard input.
import { readFileSync } from 'node:fs';
import { Failure } from '../../grammar/index.ts';
import type { Context } from '../../session/context.ts';

/** `what`: what is read. Throws Failure where a terminal would have to be typed into. */
export function readStdin(context: Context, what: string): Buffer {
  if (context.terminal(0)) throw new Failure(`${what} is read from STDIN, which is a terminal`);
  return readFileSync(0);
}

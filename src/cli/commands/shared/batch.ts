// One request for each of many names: successes are printed in order, failures are said together at the end.
import { messageOf } from '../../../base/errors.ts';
import type { Context } from '../../session/context.ts';
import { Failure } from '../../grammar/index.ts';

const AT_ONCE = 50;

/** Runs `act` for all names, several at once; prints each name that succeeded. Throws Failure with all messages. */
export async function forEach(
  context: Context,
  names: readonly string[],
  act: (name: string) => Promise<unknown>,
): Promise<undefined> {
  const errors: string[] = [];
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const some = names.slice(at, at + AT_ONCE);
    const results = await Promise.allSettled(some.map(act));
    for (const [i, result] of results.entries()) {
      if (result.status === 'rejected') errors.push(messageOf(result.reason));
      else if (result.value !== SILENT) context.out(`${some[i]}\n`);
    }
  }
  if (errors.length > 0) throw new Failure(errors.join('\n'));
  return undefined;
}

/** What `act` gives when its name is not to be printed. */
export const SILENT = Symbol('silent');

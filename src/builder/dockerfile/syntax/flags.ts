// Flags of an instruction against the list of those that it knows.
import { Failure, withGuess } from './failure.ts';

export type FlagType = 'bool' | 'text' | 'texts';
type FlagValue<T extends FlagType> = T extends 'bool' ? boolean : T extends 'text' ? string : readonly string[];

/** Values of the flags that were given; those that were not are absent. */
export type FlagValues<F extends Readonly<Record<string, FlagType>>> = { readonly [N in keyof F]?: FlagValue<F[N]> };

/** Throws a Failure in Docker's words. */
export function readFlags<const F extends Readonly<Record<string, FlagType>>>(
  words: readonly string[],
  known: F,
): FlagValues<F> {
  const values: Record<string, boolean | string | readonly string[]> = {};
  for (const word of words) {
    const equals = word.indexOf('=');
    const flag = equals < 0 ? word : word.slice(0, equals);
    const value = equals < 0 ? undefined : word.slice(equals + 1);
    const name = flag.slice(2);
    const type = Object.hasOwn(known, name) ? known[name] : undefined;
    if (type === undefined) throw new Failure(withGuess(`unknown flag: ${flag}`, name, Object.keys(known)));
    const before = values[name];
    if (type === 'texts') {
      if (value === undefined) throw new Failure(`missing a value on flag: ${flag}`);
      values[name] = [...(Array.isArray(before) ? before : []), value];
      continue;
    }
    if (before !== undefined) throw new Failure(`duplicate flag specified: ${flag}`);
    values[name] = type === 'bool' ? truth(flag, value) : textOf(flag, value);
  }
  // Each value was made above in the form that the table gives to its name.
  return values as FlagValues<F>;
}

function textOf(flag: string, value: string | undefined): string {
  if (value === undefined) throw new Failure(`missing a value on flag: ${flag}`);
  return value;
}

function truth(flag: string, value: string | undefined): boolean {
  if (value === undefined) return true;
  if (value === '') throw new Failure(`missing a value on flag: ${flag}`);
  const lower = value.toLowerCase();
  if (lower === 'true' || lower === 'false') return lower === 'true';
  throw new Failure(`expecting boolean value for flag ${flag}, not: ${value}`);
}

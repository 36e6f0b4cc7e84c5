// pflag's parser: argv and a table of flags -> values and positional arguments.
import type { AnyFlag, Flags } from './flag.ts';

export interface Parsed {
  readonly values: Map<string, unknown>;
  /** names as they were typed */
  readonly given: Set<string>;
  /** names, those that older names stand for too */
  readonly changed: Set<string>;
  readonly args: string[];
  /** --help was given */
  readonly help: boolean;
  /** lines for stderr: deprecations */
  readonly notes: string[];
  /** what is wrong, in pflag's words */
  readonly error?: string;
}

class Bad extends Error {}
class Help extends Error {}

/** Never throws; `error` says what is wrong, and `args`, `notes` hold what came before. */
export function parseFlags(flags: Flags, argv: readonly string[], options: { flagsFirst?: boolean } = {}): Parsed {
  const values = new Map<string, unknown>(Object.entries(flags).map(([name, flag]) => [name, flag.initial]));
  const state = {
    flags,
    values,
    given: new Set<string>(),
    changed: new Set<string>(),
    args: [] as string[],
    notes: [] as string[],
  };
  const rest = [...argv];
  try {
    for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
      if (!arg.startsWith('-') || arg === '-') {
        state.args.push(arg);
        if (options.flagsFirst) {
          state.args.push(...rest);
          break;
        }
      } else if (arg === '--') {
        state.args.push(...rest);
        break;
      } else if (arg.startsWith('--')) long(state, arg, rest);
      else shorts(state, arg.slice(1), rest);
    }
  } catch (error) {
    if (error instanceof Help) return { ...state, help: true };
    if (error instanceof Bad) return { ...state, help: false, error: error.message };
    throw error;
  }
  return { ...state, help: values.get('help') === true };
}

interface State {
  readonly flags: Flags;
  readonly values: Map<string, unknown>;
  readonly given: Set<string>;
  readonly changed: Set<string>;
  readonly notes: string[];
}

function long(state: State, arg: string, rest: string[]): void {
  const text = arg.slice(2);
  if (text.startsWith('-') || text.startsWith('=')) throw new Bad(`bad flag syntax: ${arg}`);
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  const flag = own(state.flags, name);
  if (!flag) {
    if (name === 'help') throw new Help();
    throw new Bad(`unknown flag: --${name}`);
  }
  let value: string;
  if (equals >= 0) value = text.slice(equals + 1);
  else if (flag.bare !== undefined) value = flag.bare;
  else {
    const next = rest.shift();
    if (next === undefined) throw new Bad(`flag needs an argument: ${arg}`);
    value = next;
  }
  set(state, name, flag, value);
}

function shorts(state: State, group: string, rest: string[]): void {
  for (let letters = group; letters !== ''; ) {
    const letter = letters[0] ?? '';
    const found = Object.entries(state.flags).find(([, flag]) => flag.short === letter);
    if (!found) {
      if (letter === 'h') {
        state.notes.push('Flag shorthand -h has been deprecated, use --help');
        throw new Help();
      }
      throw new Bad(`unknown shorthand flag: '${letter}' in -${letters}`);
    }
    const [name, flag] = found;
    if (letters.length > 2 && letters[1] === '=') {
      set(state, name, flag, letters.slice(2));
      return;
    }
    if (flag.bare !== undefined) {
      set(state, name, flag, flag.bare);
      letters = letters.slice(1);
      continue;
    }
    if (letters.length > 1) {
      set(state, name, flag, letters.slice(1));
      return;
    }
    const next = rest.shift();
    if (next === undefined) throw new Bad(`flag needs an argument: '${letter}' in -${letters}`);
    set(state, name, flag, next);
    return;
  }
}

function set(state: State, name: string, flag: AnyFlag, text: string): void {
  const target = flag.aliasOf ?? name;
  try {
    state.values.set(target, flag.read(state.values.get(target) as never, text));
  } catch (error) {
    const shown = flag.short === '' ? `--${name}` : `-${flag.short}, --${name}`;
    throw new Bad(
      `invalid argument ${JSON.stringify(text)} for "${shown}" flag: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  state.given.add(name);
  state.changed.add(name);
  state.changed.add(target);
  if (flag.deprecated !== undefined) state.notes.push(`Flag --${name} has been deprecated, ${flag.deprecated}`);
}

function own(flags: Flags, name: string): AnyFlag | undefined {
  return Object.hasOwn(flags, name) ? flags[name] : undefined;
}

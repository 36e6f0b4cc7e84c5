// Which checks count: `# check=skip=A,B;error=true;experimental=C`, at the head of the file or above an instruction.
import { Failure } from '../dockerfile/syntax/failure.ts';
import { DirectiveReader } from '../dockerfile/directives.ts';
import { quote } from '../dockerfile/syntax/expand.ts';
import { type RuleName, ruleOf } from './rules.ts';

type Names = 'all' | ReadonlySet<string>;

export interface CheckOptions {
  readonly skip: Names;
  readonly experimental: Names;
  /** Any finding fails the build. */
  readonly error: boolean;
}

const NONE: CheckOptions = { skip: new Set(), experimental: new Set(), error: false };

/** Throws a Failure. */
export function readCheckOptions(text: string): CheckOptions {
  let options = NONE;
  if (text.trim() === '') return options;
  for (const part of splitAt(text.trim(), ';', 3)) {
    const equals = part.indexOf('=');
    if (equals < 0) throw new Failure(`invalid check option ${quote(part)}`, true);
    const key = part.slice(0, equals).trim();
    const value = part.slice(equals + 1).trim();
    if (key === 'skip' || key === 'experimental') options = { ...options, [key]: namesOf(value) };
    else if (key !== 'error') throw new Failure(`invalid check option ${quote(key)}`, true);
    else if (/^(1|t|T|true|TRUE|True)$/.test(value)) options = { ...options, error: true };
    else if (!/^(0|f|F|false|FALSE|False)$/.test(value)) {
      const why = `strconv.ParseBool: parsing ${quote(value)}: invalid syntax`;
      throw new Failure(`failed to parse check option ${quote(part)}: ${why}`, true);
    }
  }
  return options;
}

/** The last part keeps what is too much. */
function splitAt(text: string, separator: string, most: number): string[] {
  const parts = text.split(separator);
  return parts.length <= most ? parts : [...parts.slice(0, most - 1), parts.slice(most - 1).join(separator)];
}

const namesOf = (value: string): Names =>
  value === 'all' ? 'all' : new Set(value.split(',').map((name) => name.trim()));
const both = (a: Names, b: Names): Names => (a === 'all' || b === 'all' ? 'all' : new Set([...a, ...b]));
const has = (names: Names, name: string): boolean => names === 'all' || names.has(name);

/** The options as a comment right above an instruction changes them for it. */
export function withComments(options: CheckOptions, comments: readonly string[]): CheckOptions {
  for (const comment of comments) {
    const directive = new DirectiveReader('').read(comment, 0);
    if (directive?.name !== 'check') continue;
    try {
      const own = readCheckOptions(directive.value.split(' ')[0] ?? '');
      const { error } = options;
      return { skip: both(options.skip, own.skip), experimental: both(options.experimental, own.experimental), error };
    } catch (error) {
      if (error instanceof Failure) return options;
      throw error;
    }
  }
  return options;
}

export function counts(options: CheckOptions, rule: RuleName): boolean {
  return ruleOf(rule).experimental ? has(options.experimental, rule) : !has(options.skip, rule);
}

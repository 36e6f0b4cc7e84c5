// Variables in a word: `$a`, `${a:-b}` and the other forms of the shell's substitution, with quotes and escapes.
import { Failure } from './failure.ts';
import { matchingCost, replacePattern, trimPrefix, trimSuffix } from './glob.ts';
import { isSpace, SPACES } from './space.ts';

export interface ExpandOptions {
  /** Quotes stay in the result. */
  readonly keepQuotes?: boolean;
  /** Escape characters stay in the result. */
  readonly keepEscapes?: boolean;
  /** Quotes mean nothing: for the content of files. */
  readonly ignoreQuotes?: boolean;
  /** A variable that is not set stays as it was written. */
  readonly keepUnset?: boolean;
  /** Of the whole Dockerfile; a word that has none has its own. */
  readonly budget?: Budget;
}

export interface Expanded {
  readonly text: string;
  /** The text split at white space that was not quoted. */
  readonly words: readonly string[];
  /** Variables that were looked up and found, and those that were not. */
  readonly used: ReadonlySet<string>;
  readonly missing: ReadonlySet<string>;
}

/** Anything that knows variables by name. */
export type Variables = Pick<ReadonlyMap<string, string>, 'get' | 'has'>;

/** Replaces the variables in a word. Throws a Failure in Docker's words for bad syntax and for `${a:?message}`. */
export function expand(word: string, variables: Variables, escape = '\\', options: ExpandOptions = {}): Expanded {
  const expander = new Expander(word, variables, escape, options);
  try {
    const { text, words } = expander.until(undefined, options.keepEscapes ?? false);
    return { text, words, used: expander.used, missing: expander.missing };
  } catch (error) {
    if (error instanceof Failure) throw new Failure(`failed to process ${quote(word)}: ${error.message}`, error.bare);
    throw error;
  }
}

/** Words being collected: white space ends one unless it was quoted. */
class Words {
  readonly done: string[] = [];
  #word = '';
  #open = false;

  add(text: string): void {
    if (!SPACES.test(text)) {
      if (text !== '') this.addWhole(text);
      return;
    }
    for (const character of text) {
      if (!isSpace(character)) this.addWhole(character);
      else if (this.#open && this.#word !== '') {
        this.done.push(this.#word);
        this.#word = '';
        this.#open = false;
      }
    }
  }

  addWhole(text: string): void {
    this.#word += text;
    this.#open = true;
  }

  end(): string[] {
    if (this.#word !== '') this.done.push(this.#word);
    return this.done;
  }
}

const SPECIAL = '@*#?-$!0';
const DIGIT = /^\p{Nd}$/u;
const NAME = /^[\p{L}\p{Nd}_]$/u;

/** How deep `${a:-${b:-…}}` may go. */
export const MAX_DEPTH = 64;
/** What all variables in one word may become; the kernel takes no argument that is an eighth as long. */
export const MAX_EXPANDED_CHARACTERS = 1024 * 1024;

/** What all words of a Dockerfile may become, counted with what patterns look at and with what each instruction copies: a second's work. */
export const MAX_DOCKERFILE_EXPANDED = 8 * 1024 * 1024;

/** A hundred thousand words of forty characters fit into a Dockerfile, each of which may become a million. */
export class Budget {
  #left = MAX_DOCKERFILE_EXPANDED;

  spend(characters: number): void {
    this.#left -= characters;
    if (this.#left < 0)
      throw new Failure(`the words and variables of the Dockerfile come to more than ${MAX_DOCKERFILE_EXPANDED}`);
  }
}

class Expander {
  readonly used = new Set<string>();
  readonly missing = new Set<string>();
  readonly #input: readonly string[];
  readonly #variables: Variables;
  readonly #escape: string;
  readonly #options: ExpandOptions;
  #at = 0;
  readonly #budget: Budget;
  #keepEscapes = false;
  #depth = 0;
  #expanded = 0;

  constructor(word: string, variables: Variables, escape: string, options: ExpandOptions) {
    this.#input = Array.from(word);
    this.#variables = variables;
    this.#escape = escape;
    this.#options = options;
    this.#budget = options.budget ?? new Budget();
  }

  /** Up to the stop character, which is taken, or up to the end. */
  until(stop: string | undefined, keepEscapes: boolean): { text: string; words: readonly string[] } {
    const before = this.#keepEscapes;
    this.#keepEscapes = keepEscapes;
    try {
      return this.#read(stop);
    } finally {
      this.#keepEscapes = before;
    }
  }

  get #ended(): boolean {
    return this.#at >= this.#input.length;
  }

  #peek(): string | undefined {
    return this.#input[this.#at];
  }

  #take(): string | undefined {
    const character = this.#input[this.#at];
    this.#at = Math.min(this.#at + 1, this.#input.length);
    return character;
  }

  #read(stop: string | undefined): { text: string; words: readonly string[] } {
    let text = '';
    const words = new Words();
    while (!this.#ended) {
      const character = this.#peek() ?? '';
      if (character === stop) {
        this.#take();
        return { text, words: words.end() };
      }
      if (character === '$') {
        const value = this.#dollar();
        text += value;
        words.add(value);
      } else if (character === '<' || (!this.#options.ignoreQuotes && (character === "'" || character === '"'))) {
        const part = character === '<' ? this.#heredoc() : character === "'" ? this.#single() : this.#double();
        text += part;
        words.addWhole(part);
      } else if (character === this.#escape) {
        this.#take();
        if (this.#keepEscapes) {
          words.addWhole(character);
          text += character;
        }
        const escaped = this.#take();
        if (escaped === undefined) break;
        words.addWhole(escaped);
        text += escaped;
      } else {
        this.#take();
        words.add(character);
        text += character;
      }
    }
    if (stop !== undefined) throw new Failure(`unexpected end of statement while looking for matching ${stop}`);
    return { text, words: words.end() };
  }

  /** Everything up to the next quote, as it is. */
  #single(): string {
    const quoteMark = this.#options.keepQuotes ? "'" : '';
    this.#take();
    let text = quoteMark;
    for (;;) {
      const character = this.#take();
      if (character === undefined) {
        throw new Failure('unexpected end of statement while looking for matching single-quote');
      }
      if (character === "'") return text + quoteMark;
      text += character;
    }
  }

  /** Variables are replaced; only `"`, `$` and the escape character can be escaped. */
  #double(): string {
    const quoteMark = this.#options.keepQuotes ? '"' : '';
    this.#take();
    let text = quoteMark;
    for (;;) {
      const next = this.#peek();
      if (next === undefined) {
        throw new Failure('unexpected end of statement while looking for matching double-quote');
      }
      if (next === '$') {
        text += this.#dollar();
        continue;
      }
      this.#take();
      if (next === '"') return text + quoteMark;
      if (next !== this.#escape) {
        text += next;
        continue;
      }
      if (this.#keepEscapes) text += next;
      const escaped = this.#peek();
      if (escaped === undefined) continue;
      if (escaped === '"' || escaped === '$' || escaped === this.#escape) text += this.#take() ?? '';
      else text += next;
    }
  }

  /** `<<` and the space behind it stay in one word, so that `<< EOF` is one. */
  #heredoc(): string {
    this.#take();
    if (this.#peek() !== '<') return '<';
    this.#take();
    let text = '<<';
    while (/^[\t\r ]$/.test(this.#peek() ?? '')) text += this.#take() ?? '';
    return text;
  }

  #dollar(): string {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new Failure(`substitutions are nested more than ${MAX_DEPTH} deep`);
    const value = this.#substitution();
    this.#depth -= 1;
    this.#expanded += value.length;
    this.#budget.spend(value.length);
    if (this.#expanded > MAX_EXPANDED_CHARACTERS)
      throw new Failure(`expands to more than ${MAX_EXPANDED_CHARACTERS} characters`);
    return value;
  }

  #substitution(): string {
    this.#take();
    if (this.#peek() !== '{') {
      const name = this.#name();
      if (name === '') return '$';
      return this.#lookUp(name) ?? (this.#options.keepUnset ? `$${name}` : '');
    }
    this.#take();
    const first = this.#peek();
    if (first === undefined) throw new Failure("syntax error: missing '}'");
    if (first === '{' || first === '}' || first === ':') throw new Failure('syntax error: bad substitution');
    return this.#braced(this.#name());
  }

  #braced(name: string): string {
    let modifier = this.#take() ?? '';
    if (modifier === '}') return this.#lookUp(name) ?? (this.#options.keepUnset ? `\${${name}}` : '');
    if (modifier === '/') return this.#replace(name);
    let written = modifier;
    const emptyIsUnset = modifier === ':';
    if (emptyIsUnset) {
      modifier = this.#take() ?? '';
      written += modifier;
    } else if (!'+-?#%'.includes(modifier) || modifier === '') throw unsupported(written);
    const isPattern = modifier === '#' || modifier === '%';
    if (emptyIsUnset && isPattern) throw unsupported(written);
    const word = this.#inside('}', isPattern, "syntax error: missing '}'");
    const value = this.#lookUp(name);
    if (value === undefined && this.#options.keepUnset) return `\${${name}${written}${word}}`;
    const there = value !== undefined && !(emptyIsUnset && value === '');
    switch (modifier) {
      case '-':
        return there ? value : word;
      case '+':
        return there ? word : '';
      case '?':
        if (there) return value;
        throw new Failure(`${name}: ${word || `is not allowed to be ${value === undefined ? 'unset' : 'empty'}`}`);
      case '#':
      case '%': {
        const longest = word.startsWith(modifier);
        const pattern = longest ? word.slice(1) : word;
        this.#budget.spend(matchingCost(pattern, value ?? ''));
        return (modifier === '#' ? trimPrefix : trimSuffix)(pattern, value ?? '', longest);
      }
      default:
        throw unsupported(written);
    }
  }

  /** `${name/pattern/text}`, with a second `/` for all places. */
  #replace(name: string): string {
    const all = this.#peek() === '/';
    if (all) this.#take();
    const pattern = this.#inside('/', true, "syntax error: missing '/' in ${}");
    const replacement = this.#inside('}', true, "syntax error: missing '}'");
    const value = this.#lookUp(name);
    if (value === undefined && this.#options.keepUnset) return `\${${name}/${pattern}/${replacement}}`;
    this.#budget.spend(matchingCost(pattern, value ?? ''));
    const replaced = replacePattern(pattern, value ?? '', replacement, { all, most: MAX_EXPANDED_CHARACTERS });
    if (replaced === undefined) throw new Failure(`expands to more than ${MAX_EXPANDED_CHARACTERS} characters`);
    return replaced;
  }

  #inside(stop: string, keepEscapes: boolean, unended: string): string {
    try {
      return this.until(stop, keepEscapes).text;
    } catch (error) {
      if (error instanceof Failure && this.#ended) throw new Failure(unended);
      throw error;
    }
  }

  #name(): string {
    const first = this.#peek() ?? '';
    let name = '';
    if (DIGIT.test(first)) {
      while (DIGIT.test(this.#peek() ?? '')) name += this.#take() ?? '';
      return name;
    }
    if (first !== '' && SPECIAL.includes(first)) return this.#take() ?? '';
    while (NAME.test(this.#peek() ?? '')) name += this.#take() ?? '';
    return name;
  }

  #lookUp(name: string): string | undefined {
    const value = this.#variables.get(name);
    (value === undefined ? this.missing : this.used).add(name);
    return value;
  }
}

function unsupported(modifier: string): Failure {
  return new Failure(`unsupported modifier (${modifier}) in substitution`);
}

/** A text as Go's `%q` shows it. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f\u0080-\u00a0]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

// `.env` and env_file: text -> variables, in the grammar of docker compose. Later lines see earlier ones.
import { type Lookup, substitute } from './template.ts';

export interface EnvSyntax {
  /** values that a bare name takes, and that go before those of the file itself in `$NAME` */
  readonly lookup: Lookup;
  readonly unset?: (name: string) => void;
}

const BLANK = /[\t\v\f\r \u0085\u00a0]/;
const SPACE = /\s|\u0085/;

/** Adds the variables of a text to `into`; throws an Error that names the line. */
export function parseEnv(text: string, into: Map<string, string>, syntax: EnvSyntax): void {
  new EnvReader(text.replace(/^\ufeff/, ''), into, syntax).all();
}

class EnvReader {
  readonly #text: string;
  readonly #into: Map<string, string>;
  readonly #syntax: EnvSyntax;
  #at = 0;
  #line = 1;

  constructor(text: string, into: Map<string, string>, syntax: EnvSyntax) {
    this.#text = text;
    this.#into = into;
    this.#syntax = syntax;
  }

  all(): void {
    while (this.#toStatement()) {
      const { key, isBare } = this.#key();
      if (key.includes(' ')) throw new Error(`line ${this.#line}: key cannot contain a space`);
      const value = isBare ? this.#syntax.lookup(key) : this.#value();
      if (value !== undefined) this.#into.set(key, value);
    }
  }

  /** Over blank lines and comments; false at the end. */
  #toStatement(): boolean {
    for (; this.#at < this.#text.length; this.#at += 1) {
      const char = this.#text[this.#at] ?? '';
      if (char === '\n') this.#line += 1;
      if (SPACE.test(char)) continue;
      if (char !== '#') return true;
      const end = this.#text.indexOf('\n', this.#at);
      if (end < 0) return false;
      this.#at = end - 1;
    }
    return false;
  }

  #key(): { key: string; isBare: boolean } {
    const exported = /^export\s+/.exec(this.#text.slice(this.#at, this.#at + 64));
    if (exported !== null) {
      this.#at += 'export'.length;
      this.#blanks();
    }
    const start = this.#at;
    if (start >= this.#text.length) throw new Error('zero length string');
    let end = -1;
    for (let at = start; at < this.#text.length; at += 1) {
      const char = this.#text[at] ?? '';
      if (char === '=' || char === ':' || char === '\n') {
        end = at;
        break;
      }
      if (!BLANK.test(char) && !/[\p{L}\p{N}_.[\]-]/u.test(char)) {
        const line = this.#text.slice(start).split('\n', 1)[0] ?? '';
        throw new Error(
          `line ${this.#line}: unexpected character ${JSON.stringify(char)} in variable name ${JSON.stringify(line)}`,
        );
      }
    }
    // docker compose takes a name at the very end of a file for the value of no name.
    if (end < 0) return { key: '', isBare: false };
    const isBare = this.#text[end] === '\n';
    const raw = this.#text.slice(start, end);
    if (isBare && !raw.includes(' ')) this.#line += 1;
    this.#at = end + 1;
    this.#blanks();
    return { key: raw.trimEnd(), isBare };
  }

  #blanks(): void {
    while (this.#at < this.#text.length && BLANK.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #value(): string {
    const quote = this.#text[this.#at];
    return quote === '"' || quote === "'" ? this.#quoted(quote) : this.#unquoted();
  }

  #unquoted(): string {
    const end = this.#text.indexOf('\n', this.#at);
    const line = this.#text.slice(this.#at, end < 0 ? this.#text.length : end);
    this.#at = end < 0 ? this.#text.length : end + 1;
    this.#line += 1;
    return this.#expand((line.split(' #', 1)[0] ?? '').trimEnd());
  }

  #quoted(quote: string): string {
    const start = this.#at;
    let value = '';
    let isEscaped = false;
    for (let at = start + 1; at < this.#text.length; at += 1) {
      const char = this.#text[at] ?? '';
      if (char === '\n') this.#line += 1;
      if (char === quote && !isEscaped) {
        this.#at = at + 1;
        return quote === '"' ? this.#expand(unescape(value)) : value;
      }
      if (char === quote) {
        isEscaped = false;
        value += char;
      } else if (char === '\\' && !isEscaped) isEscaped = true;
      else {
        value += isEscaped ? `\\${char}` : char;
        isEscaped = false;
      }
    }
    const line = this.#text.slice(start).split('\n', 1)[0] ?? '';
    throw new Error(`line ${this.#line}: unterminated quoted value ${line}`);
  }

  #expand(value: string): string {
    const { lookup, unset } = this.#syntax;
    return substitute(value, {
      lookup: (name) => lookup(name) ?? this.#into.get(name),
      ...(unset === undefined ? {} : { unset }),
    });
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '"': '"',
  '\\': '\\',
  $: '$$',
};

function unescape(value: string): string {
  return value.replace(/\\(?:([abcfnrtv$"\\])|0(\d{0,3}))/g, (match, letter?: string, octal?: string) => {
    if (letter !== undefined) return ESCAPES[letter] ?? match;
    return octal !== undefined && /^[0-3][0-7]{2}$/.test(octal)
      ? String.fromCharCode(Number.parseInt(octal, 8))
      : match;
  });
}

/** env_file with `format: raw`: lines of KEY=VALUE, as `docker run --env-file` reads them. */
export function parseRawEnv(text: string, into: Map<string, string>, lookup: Lookup): void {
  text
    .replace(/^\ufeff/, '')
    .split('\n')
    .forEach((raw, index, all) => {
      if (index === all.length - 1 && raw === '') return;
      const line = raw.replace(/\r$/, '').replace(/^\s+/, '');
      if (line === '' || line.startsWith('#')) return;
      const at = line.indexOf('=');
      const key = at < 0 ? line : line.slice(0, at);
      if (/\s/.test(key)) throw new Error(`variable '${key}' contains whitespaces`);
      if (key === '') throw new Error(`no variable name on line '${line}'`);
      const value = at < 0 ? lookup(key) : line.slice(at + 1);
      if (value !== undefined) into.set(key, value);
    });
}

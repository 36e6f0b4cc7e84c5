// JSON whose mistakes are told in the words of Go's encoding/json, which are Docker's; V8's change from one Node to the next.

/** Where a text stops being JSON: before its end, at it, or after a whole value. */
export type JsonFault = 'within' | 'end' | 'after';

export class JsonError extends SyntaxError {
  readonly fault: JsonFault;

  constructor(message: string, fault: JsonFault) {
    super(message);
    this.name = 'JsonError';
    this.fault = fault;
  }
}

/** As JSON.parse; throws a JsonError. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw jsonError(text);
  }
}

/** What Go says of a text that is not JSON. */
export function jsonError(text: string): JsonError {
  try {
    new Scanner(text).whole();
  } catch (error) {
    if (error instanceof JsonError) return error;
    // deeper than there is stack for
    if (error instanceof RangeError) return new JsonError('exceeded max depth', 'within');
    throw error;
  }
  return new JsonError('invalid JSON', 'within');
}

const LITERALS: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' };
/** As deep as Go goes. */
const MAX_DEPTH = 10_000;

class Scanner {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): void {
    this.#value();
    this.#blank();
    if (this.#at < this.#text.length) throw this.#unexpected('after top-level value', 'after');
  }

  /** The character here; throws at the end. */
  #peek(): string {
    const char = this.#text[this.#at];
    if (char === undefined) throw new JsonError('unexpected end of JSON input', 'end');
    return char;
  }

  #blank(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? 'x')) this.#at += 1;
  }

  #next(): string {
    this.#blank();
    return this.#peek();
  }

  #unexpected(where: string, fault: JsonFault = 'within'): JsonError {
    this.#peek();
    const char = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    return new JsonError(`invalid character ${quoted(char)} ${where}`, fault);
  }

  #value(): void {
    const char = this.#next();
    if (char === '{') this.#nested('}', () => this.#member());
    else if (char === '[') this.#nested(']', () => this.#element());
    else if (char === '"') this.#string();
    else if (char === '-' || isDigit(char)) this.#number();
    else if (LITERALS[char] !== undefined) this.#literal(LITERALS[char]);
    else throw this.#unexpected('looking for beginning of value');
  }

  /** One after the other until the end; `part` says whether there is more. */
  #nested(end: string, part: () => boolean): void {
    this.#at += 1;
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new JsonError('exceeded max depth', 'within');
    if (this.#next() !== end) while (part());
    this.#at += 1;
    this.#depth -= 1;
  }

  #member(): boolean {
    if (this.#next() !== '"') throw this.#unexpected('looking for beginning of object key string');
    this.#string();
    if (this.#next() !== ':') throw this.#unexpected('after object key');
    this.#at += 1;
    this.#value();
    return this.#more('}', 'after object key:value pair');
  }

  #element(): boolean {
    this.#value();
    return this.#more(']', 'after array element');
  }

  #more(end: string, where: string): boolean {
    const char = this.#next();
    if (char === end) return false;
    if (char !== ',') throw this.#unexpected(where);
    this.#at += 1;
    return true;
  }

  #string(): void {
    this.#at += 1;
    for (let char = this.#peek(); char !== '"'; char = this.#peek()) {
      if (char < ' ') throw this.#unexpected('in string');
      this.#at += 1;
      if (char === '\\') this.#escape();
    }
    this.#at += 1;
  }

  #escape(): void {
    const char = this.#peek();
    const start = this.#at - 1;
    this.#at += 1;
    if (!'"\\/bfnrtu'.includes(char)) throw this.#badEscape(start, 2);
    if (char !== 'u') return;
    for (let count = 0; count < 4; count += 1, this.#at += 1)
      if (!/[0-9a-fA-F]/.test(this.#peek())) throw this.#badEscape(start, 6);
  }

  #badEscape(start: number, length: number): JsonError {
    return new JsonError(`invalid escape sequence \`${this.#text.slice(start, start + length)}\` in string`, 'within');
  }

  #number(): void {
    if (this.#peek() === '-') this.#at += 1;
    if (this.#peek() === '0') this.#at += 1;
    else this.#digits();
    if (this.#text[this.#at] === '.') {
      this.#at += 1;
      this.#digits();
    }
    if (/[eE]/.test(this.#text[this.#at] ?? '')) {
      this.#at += 1;
      if (/[+-]/.test(this.#peek())) this.#at += 1;
      this.#digits();
    }
  }

  #digits(): void {
    if (!isDigit(this.#peek())) throw this.#unexpected('in numeric literal');
    while (isDigit(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #literal(word: string): void {
    for (const char of word) {
      if (this.#peek() !== char) throw this.#unexpected(`in literal ${word} (expecting '${char}')`);
      this.#at += 1;
    }
  }
}

const isDigit = (char: string): boolean => char >= '0' && char <= '9';

/** As Go quotes a character. */
function quoted(char: string): string {
  if (char === "'") return String.raw`'\''`;
  if (char === '"') return `'"'`;
  const short = '\x07\b\t\n\v\f\r\\'.indexOf(char);
  if (short >= 0) return `'\\${'abtnvfr\\'[short]}'`;
  if (char < ' ' || char === '\x7f') return `'\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}'`;
  return `'${char}'`;
}

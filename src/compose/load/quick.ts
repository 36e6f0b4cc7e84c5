// The YAML that Compose files are mostly written in, read in one pass: block mappings and lists, words, quotes, text in lines and
// short flow collections. Whatever is out of the ordinary is left to the library, so that nothing has two meanings.
import { type Dict, dict, type Value } from '../value/value.ts';
import { resolvePlain } from './scalar.ts';

/** Where each key of a mapping and each item of a list begins: offsets into the text. */
export type Places = WeakMap<object, Map<string | number, number>>;

/** Thrown for what is left to the library. */
class Unusual extends Error {}

const MAX_DEPTH = 100;
const LONGEST_KEY = 1000;
const [NEWLINE, SPACE, QUOTE, HASH, APOSTROPHE, DASH, COLON, QUESTION] = [
  0x0a, 0x20, 0x22, 0x23, 0x27, 0x2d, 0x3a, 0x3f,
];

/** Characters with which no plain scalar begins, and those of documents, directives and line breaks of other kinds. */
const INDICATORS = new Set(Array.from('[]{},#&*!|>\'"%@`', (char) => char.charCodeAt(0)));
const ODD = /[^\n\x20-\x7e\u00a0-\u2027\u202a-\ufefe\uff00-\ufffd]|^(?:---|\.\.\.|%)/m;

/** The value of a text; undefined when there is anything in it that this reader does not know. */
export function readQuickly(text: string, places?: Places): Value | undefined {
  if (ODD.test(text)) return undefined;
  try {
    return new QuickReader(text, places).document();
  } catch (error) {
    if (error instanceof Unusual) return undefined;
    throw error;
  }
}

/** True when there is nothing in a text but blank lines and comments. */
export function isBlank(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === HASH) {
      const end = text.indexOf('\n', at);
      if (end < 0) return true;
      at = end;
    } else if (code !== SPACE && code !== NEWLINE && code !== 0x0d && code !== 0x09) return false;
  }
  return true;
}

class QuickReader {
  readonly #text: string;
  readonly #places: Places | undefined;
  /** the line that is looked at: its start, its first character, and where it ends */
  #start = 0;
  #first = 0;
  #end = 0;
  #depth = 0;

  constructor(text: string, places: Places | undefined) {
    this.#text = text;
    this.#places = places;
  }

  document(): Value {
    this.#toContent();
    if (this.#isDone || !this.#beginsBlock(this.#first)) throw new Unusual();
    const value = this.#block(this.#first - this.#start);
    if (!this.#isDone) throw new Unusual();
    return value;
  }

  get #isDone(): boolean {
    return this.#start >= this.#text.length;
  }

  /** Over blank lines and comments, from the line that begins at #start. */
  #toContent(): void {
    const text = this.#text;
    for (; this.#start < text.length; this.#start = this.#end + 1) {
      const newline = text.indexOf('\n', this.#start);
      this.#end = newline < 0 ? text.length : newline;
      this.#first = this.#past(this.#start);
      if (this.#first < this.#end && text.charCodeAt(this.#first) !== HASH) return;
    }
  }

  #nextLine(): void {
    this.#start = this.#end + 1;
    this.#toContent();
  }

  /** Past spaces. */
  #past(at: number): number {
    let next = at;
    while (this.#text.charCodeAt(next) === SPACE) next += 1;
    return next;
  }

  /** True at the end of the line, or where a comment begins. */
  #isOver(at: number): boolean {
    return at >= this.#end || this.#text.charCodeAt(at) === HASH;
  }

  /** True where a character is followed by a space or the end of the line. */
  #standsAlone(at: number): boolean {
    return at + 1 >= this.#end || this.#text.charCodeAt(at + 1) === SPACE;
  }

  #isDash(at: number): boolean {
    return this.#text.charCodeAt(at) === DASH && this.#standsAlone(at);
  }

  #beginsBlock(at: number): boolean {
    return this.#isDash(at) || this.#colonOf(at) >= 0;
  }

  #place(holder: object, step: string | number, at: number): void {
    if (this.#places === undefined) return;
    const own = this.#places.get(holder) ?? new Map<string | number, number>();
    this.#places.set(holder, own.set(step, at));
  }

  /** The mapping or list whose lines begin at this indent. */
  #block(indent: number): Value {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new Unusual();
    const value = this.#isDash(this.#first) ? this.#list(indent) : this.#mapping(indent);
    this.#depth -= 1;
    return value;
  }

  #list(indent: number): Value[] {
    const list: Value[] = [];
    while (!this.#isDone && this.#first - this.#start === indent && this.#isDash(this.#first)) {
      const at = this.#past(this.#first + 1);
      this.#place(list, list.length, at < this.#end ? at : this.#first);
      list.push(this.#item(at, indent));
    }
    if (!this.#isDone && this.#first - this.#start > indent) throw new Unusual();
    return list;
  }

  /** What stands behind a dash: nothing yet, the first key of a mapping, or a scalar. */
  #item(at: number, indent: number): Value {
    if (this.#isOver(at)) return this.#below(indent, false);
    if (this.#isDash(at)) throw new Unusual();
    if (this.#colonOf(at) < 0) return this.#inline(at, indent);
    this.#first = at;
    return this.#block(at - this.#start);
  }

  #mapping(indent: number): Dict {
    const mapping = dict();
    while (!this.#isDone && this.#first - this.#start === indent) {
      const from = this.#first;
      const colon = this.#isDash(from) ? -1 : this.#colonOf(from);
      if (colon < 0) {
        // A list ends a mapping only where a list holds it.
        if (this.#isDash(from)) break;
        throw new Unusual();
      }
      const key = this.#key(from, colon);
      if (mapping[key] !== undefined) throw new Unusual();
      this.#place(mapping, key, from);
      const at = this.#past(colon + 1);
      mapping[key] = this.#isOver(at) ? this.#below(indent, true) : this.#inline(at, indent);
    }
    if (!this.#isDone && this.#first - this.#start > indent) throw new Unusual();
    return mapping;
  }

  /** What the lines below a key or a dash hold; a list may stand as far left as the key above it. */
  #below(indent: number, takesDash: boolean): Value {
    this.#nextLine();
    if (this.#isDone) return null;
    const own = this.#first - this.#start;
    if (own < indent || (own === indent && !(takesDash && this.#isDash(this.#first)))) return null;
    if (!this.#beginsBlock(this.#first)) throw new Unusual();
    return own === indent ? this.#list(own) : this.#block(own);
  }

  /** Where the colon is that ends the key which begins here; -1 when there is no key. */
  #colonOf(at: number): number {
    const text = this.#text;
    const first = text.charCodeAt(at);
    if (first === QUOTE || first === APOSTROPHE) {
      const after = this.#past(this.#closing(at, first) + 1);
      return after < this.#end && text.charCodeAt(after) === COLON && this.#standsAlone(after) ? after : -1;
    }
    if (INDICATORS.has(first) || (first === QUESTION && this.#standsAlone(at))) return -1;
    for (let next = at; next < this.#end; next += 1) {
      const code = text.charCodeAt(next);
      if (code === COLON && this.#standsAlone(next)) return next > at ? next : -1;
      if (code === HASH && text.charCodeAt(next - 1) === SPACE) return -1;
    }
    return -1;
  }

  #key(from: number, colon: number): string {
    const first = this.#text.charCodeAt(from);
    if (colon - from > LONGEST_KEY) throw new Unusual();
    if (first === QUOTE || first === APOSTROPHE) return this.#quoted(from, this.#closing(from, first));
    const key = trimSpaces(this.#text.slice(from, colon));
    // Keys that are no text, and `<<`, mean more.
    if (key === '<<' || typeof resolvePlain(key) !== 'string') throw new Unusual();
    return key;
  }

  /** A scalar or a flow collection that ends with the line, or text in the lines below. */
  #inline(at: number, indent: number): Value {
    const first = this.#text.charCodeAt(at);
    if (first === 0x7c) return this.#literal(at, indent);
    const { value, end } = this.#flow(at, false);
    const rest = this.#past(end);
    if (rest < this.#end && !(this.#text.charCodeAt(rest) === HASH && rest > end)) throw new Unusual();
    this.#nextLine();
    return value;
  }

  /** One value; `inside` a collection it ends at a comma or bracket. */
  #flow(at: number, inside: boolean): { value: Value; end: number } {
    const first = this.#text.charCodeAt(at);
    if (first === QUOTE || first === APOSTROPHE) {
      const end = this.#closing(at, first);
      return { value: this.#quoted(at, end), end: end + 1 };
    }
    if (first === 0x5b || first === 0x7b) {
      this.#depth += 1;
      if (this.#depth > MAX_DEPTH) throw new Unusual();
      const read = first === 0x5b ? this.#flowList(at) : this.#flowMapping(at);
      this.#depth -= 1;
      return read;
    }
    return this.#plain(at, inside);
  }

  #plain(at: number, inside: boolean): { value: Value; end: number } {
    const text = this.#text;
    const first = text.charCodeAt(at);
    const isMark = first === DASH || first === QUESTION || first === COLON;
    const isAlone = this.#standsAlone(at) || (inside && isFlowMark(text.charCodeAt(at + 1)));
    if (at >= this.#end || INDICATORS.has(first) || (isMark && isAlone)) throw new Unusual();
    let end = at;
    for (; end < this.#end; end += 1) {
      const code = text.charCodeAt(end);
      if (code === COLON && (this.#standsAlone(end) || (inside && isFlowMark(text.charCodeAt(end + 1))))) {
        if (!inside) throw new Unusual();
        break;
      }
      if (code === HASH && text.charCodeAt(end - 1) === SPACE) break;
      if (inside && isFlowMark(code)) break;
    }
    const word = trimSpaces(text.slice(at, end));
    return { value: resolvePlain(word), end: at + word.length };
  }

  #flowList(at: number): { value: Value; end: number } {
    const list: Value[] = [];
    let next = this.#past(at + 1);
    while (this.#text.charCodeAt(next) !== 0x5d) {
      this.#place(list, list.length, next);
      const { value, end } = this.#flow(next, true);
      list.push(value);
      next = this.#separator(end, 0x5d);
    }
    return { value: list, end: next + 1 };
  }

  #flowMapping(at: number): { value: Value; end: number } {
    const mapping = dict();
    let next = this.#past(at + 1);
    while (this.#text.charCodeAt(next) !== 0x7d) {
      const key = this.#flow(next, true);
      const colon = this.#past(key.end);
      if (typeof key.value !== 'string' || key.value === '<<' || mapping[key.value] !== undefined) throw new Unusual();
      if (this.#text.charCodeAt(colon) !== COLON || this.#text.charCodeAt(colon + 1) !== SPACE) throw new Unusual();
      this.#place(mapping, key.value, next);
      const { value, end } = this.#flow(this.#past(colon + 1), true);
      mapping[key.value] = value;
      next = this.#separator(end, 0x7d);
    }
    return { value: mapping, end: next + 1 };
  }

  /** Past a comma to what comes next, or at the bracket that ends the collection. */
  #separator(end: number, bracket: number): number {
    const at = this.#past(end);
    const code = this.#text.charCodeAt(at);
    if (at >= this.#end || (code !== bracket && code !== 0x2c)) throw new Unusual();
    if (code === bracket) return at;
    const next = this.#past(at + 1);
    if (next >= this.#end || this.#text.charCodeAt(next) === bracket || this.#text.charCodeAt(next) === HASH)
      throw new Unusual();
    return next;
  }

  /** Where the quote is closed, on the same line. */
  #closing(at: number, quote: number): number {
    const text = this.#text;
    for (let next = at + 1; next < this.#end; next += 1) {
      const code = text.charCodeAt(next);
      if (code === 0x5c && quote === QUOTE) next += 1;
      else if (code === quote) {
        if (quote === QUOTE || text.charCodeAt(next + 1) !== quote) return next;
        next += 1;
      }
    }
    throw new Unusual();
  }

  #quoted(at: number, end: number): string {
    const inner = this.#text.slice(at + 1, end);
    if (this.#text.charCodeAt(at) === APOSTROPHE) return inner.includes("''") ? inner.replaceAll("''", "'") : inner;
    if (!inner.includes('\\')) return inner;
    return inner.replace(/\\(.)/g, (_, char: string) => {
      const meant = ESCAPES[char];
      if (meant === undefined) throw new Unusual();
      return meant;
    });
  }

  /** `|` and the lines that are indented below it. */
  #literal(at: number, indent: number): string {
    const header = trimSpaces(this.#text.slice(at + 1, this.#end));
    if (header !== '' && header !== '-') throw new Unusual();
    const lines: string[] = [];
    let own = -1;
    let start = this.#end + 1;
    for (; start < this.#text.length; ) {
      const newline = this.#text.indexOf('\n', start);
      const end = newline < 0 ? this.#text.length : newline;
      const first = Math.min(this.#past(start), end);
      if (first === end) lines.push(own >= 0 ? this.#text.slice(Math.min(start + own, end), end) : '');
      else {
        if (own < 0) own = first - start;
        if (own <= indent || first - start < own) {
          if (first - start > indent) throw new Unusual();
          break;
        }
        lines.push(this.#text.slice(start + own, end));
      }
      if (own < 0 && first - start > 0) throw new Unusual();
      start = end + 1;
    }
    // Without a line break at the very end there is none to keep.
    if (own <= indent || (start > this.#text.length && !this.#text.endsWith('\n'))) throw new Unusual();
    while (lines.at(-1) === '') lines.pop();
    if (lines.some((line) => line.trim() === '' && line !== '')) throw new Unusual();
    this.#end = start - 1;
    this.#nextLine();
    return header === '-' ? lines.join('\n') : `${lines.join('\n')}\n`;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', '/': '/', n: '\n', t: '\t', r: '\r' };

/** Without the spaces at the end; other blanks are text. */
function trimSpaces(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === SPACE) end -= 1;
  return text.slice(0, end);
}

function isFlowMark(code: number): boolean {
  return code === 0x2c || code === 0x5b || code === 0x5d || code === 0x7b || code === 0x7d;
}

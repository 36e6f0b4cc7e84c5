// Values -> YAML as docker compose prints it: two spaces, lists below their key, long lines whole.
import { Ordered, type Printed } from '../load/kinds.ts';
import { needsQuotes } from '../load/scalar.ts';
import { Float, shortest, Timestamp } from '../value/value.ts';

export function toYaml(value: Printed, indent = 2): string {
  const written = write(value, 0, ' '.repeat(indent));
  return `${written.startsWith('\n') ? written.slice(1) : written.trimStart()}\n`;
}

/** What stands after a key or a dash, with the space or the line break before it. */
function write(value: Printed, depth: number, unit: string): string {
  if (value === null || value === undefined) return ' null';
  if (typeof value === 'string') return ` ${scalar(value, depth)}`;
  if (value instanceof Float) return ` ${floatText(value)}`;
  if (value instanceof Timestamp) return ` ${value.text}`;
  if (typeof value !== 'object') return ` ${String(value)}`;
  const margin = unit.repeat(depth);
  if (Array.isArray(value)) {
    if (value.length === 0) return ' []';
    return (value as Printed[])
      .map((item) => `\n${margin}-${besideDash(write(item, depth + 1, unit), margin)}`)
      .join('');
  }
  const entries = entriesOf(value as Ordered | Readonly<Record<string, Printed>>);
  if (entries.length === 0) return ' {}';
  return entries.map(([key, held]) => `\n${margin}${keyText(key)}:${write(held, depth + 1, unit)}`).join('');
}

/** The first key of a mapping, or the first dash of a list, stands beside the dash. */
function besideDash(written: string, margin: string): string {
  return written.startsWith('\n') ? ` ${written.slice(1 + margin.length + 2)}` : written;
}

function entriesOf(value: Ordered | Readonly<Record<string, Printed>>): readonly (readonly [string, Printed])[] {
  if (value instanceof Ordered) return value.entries;
  return Object.keys(value)
    .sort(naturally)
    .map((key) => [key, value[key] as Printed] as const);
}

function floatText(float: Float): string {
  const text = shortest(float, 'general');
  return text === '+Inf' ? '.inf' : text === '-Inf' ? '-.inf' : text === 'NaN' ? '.nan' : text;
}

/** A key is always on one line. */
function keyText(key: string): string {
  if (key.includes('\n')) return doubleQuoted(key);
  const written = scalar(key, 0);
  return Array.from(key).length > 128 ? `? ${written}\n` : written;
}

/** What most texts are: nothing in them has a meaning. */
const WORD = /^[A-Za-z/][\w./-]*$/;

function scalar(text: string, depth: number): string {
  if (WORD.test(text) && !needsQuotes(text)) return text;
  const is = analysed(text);
  if (text.includes('\n')) return is.isBlock ? block(text, depth) : doubleQuoted(text);
  if (needsQuotes(text)) return doubleQuoted(text);
  if (is.isPlain) return text;
  return is.isSingle ? `'${text.replaceAll("'", "''")}'` : doubleQuoted(text);
}

interface Analysis {
  readonly isPlain: boolean;
  readonly isSingle: boolean;
  readonly isBlock: boolean;
}

const PRINTABLE = /^[\t\n\r\x20-\x7e\u0085\u00a0-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]*$/u;

/** In which styles a text may be written. */
function analysed(text: string): Analysis {
  if (text === '') return { isPlain: false, isSingle: true, isBlock: false };
  const isSpecial =
    !PRINTABLE.test(text) ||
    text.includes('\ufeff') ||
    /[\ud800-\udfff]/.test(text.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ''));
  const hasBreak = /[\n\r\u0085\u2028\u2029]/.test(text);
  const hasIndicator =
    /^[#,[\]{}&*!|>'"%@`]/.test(text) ||
    /^[?:-](?:[ \t\n\r]|$)/.test(text) ||
    /:(?:[ \t\n\r\u0085\u2028\u2029]|$)/.test(text) ||
    /[ \t\n\r\u0085\u2028\u2029]#/.test(text) ||
    /^(?:---|\.\.\.)/.test(text);
  const isEdged = /^[ ]/.test(text) || text.endsWith(' ');
  const isBroken = /^[\n\r]/.test(text) || /[\n\r]$/.test(text);
  const spaceBreak = / [\n\r\u0085\u2028\u2029]/.test(text);
  const breakSpace = /[\n\r\u0085\u2028\u2029] /.test(text);
  const hasTab = text.includes('\t');
  return {
    isPlain: !isSpecial && !hasBreak && !hasIndicator && !isEdged && !isBroken && !hasTab,
    isSingle: !isSpecial && !hasTab && !spaceBreak && !(breakSpace && (text.endsWith('\n') || text.endsWith('\r'))),
    isBlock: !isSpecial && !spaceBreak && !text.endsWith(' '),
  };
}

/** `|`, with what says how it begins and ends. */
function block(text: string, depth: number): string {
  const margin = '  '.repeat(Math.max(depth, 1));
  const hint = /^[ \n\r\u0085\u2028\u2029]/.test(text) ? '2' : '';
  const ends = text.endsWith('\n') ? (text === '\n' || text.endsWith('\n\n') ? '+' : '') : '-';
  const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
  return `|${hint}${ends}\n${lines.map((line) => (line === '' ? '' : `${margin}${line}`)).join('\n')}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\u0085': '\\N',
  '\u00a0': '\\_',
  '\u2028': '\\L',
  '\u2029': '\\P',
};

function doubleQuoted(text: string): string {
  let written = '"';
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    const short = ESCAPES[char];
    if (short !== undefined && char !== '\u00a0') written += short;
    else if (PRINTABLE.test(char) && char !== '\ufeff') written += char;
    else if (code <= 0xff) written += `\\x${hex(code, 2)}`;
    else written += code <= 0xffff ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
  }
  return `${written}"`;
}

const hex = (code: number, digits: number): string => code.toString(16).toUpperCase().padStart(digits, '0');

const isLetter = (char: string): boolean => /\p{L}/u.test(char);
const isDigit = (char: string | undefined): boolean => char !== undefined && /\p{Nd}/u.test(char);

/** The order of keys in Go's YAML: numbers within names count as numbers. */
function naturally(left: string, right: string): number {
  const [a, b] = [Array.from(left), Array.from(right)];
  let afterDigit = false;
  for (let at = 0; at < a.length && at < b.length; at += 1) {
    const [x = '', y = ''] = [a[at], b[at]];
    if (x === y) {
      afterDigit = isDigit(x);
      continue;
    }
    const [xLetter, yLetter] = [isLetter(x), isLetter(y)];
    if (xLetter && yLetter) return order(x, y);
    if (xLetter || yLetter) return (afterDigit ? xLetter : yLetter) ? -1 : 1;
    const lead = (x === '0' || y === '0') && startsNumber(a, at) ? 1 : 0;
    const [m, n] = [numberAt(a, at, lead), numberAt(b, at, lead)];
    if (m.value !== n.value) return m.value < n.value ? -1 : 1;
    if (m.end !== n.end) return m.end - n.end;
    return order(x, y);
  }
  return a.length - b.length;
}

const order = (x: string, y: string): number => (x.codePointAt(0) ?? 0) - (y.codePointAt(0) ?? 0);

function startsNumber(chars: readonly string[], at: number): boolean {
  for (let before = at - 1; isDigit(chars[before]); before -= 1) if (chars[before] !== '0') return true;
  return false;
}

function numberAt(chars: readonly string[], at: number, lead: number): { value: number; end: number } {
  let value = lead;
  let end = at;
  for (; isDigit(chars[end]); end += 1) value = value * 10 + Number(chars[end]);
  return { value, end };
}

// `${VARIABLES}` in a text: replaced by their values, or listed. In time that grows with the text, for each level of nesting.

export type Lookup = (name: string) => string | undefined;

/** A text that is no template, for example `${1V}`. */
export class TemplateError extends Error {
  readonly template: string;

  constructor(template: string) {
    super(`Invalid template: ${JSON.stringify(template)}`);
    this.name = 'TemplateError';
    this.template = template;
  }
}

export interface Substitution {
  readonly lookup: Lookup;
  /** called for each variable without value or default */
  readonly unset?: (name: string) => void;
}

/** A variable where it stands. */
interface Token {
  /** '' where `${` begins none */
  readonly name: string;
  /** `-`, `:-`, `+`, `:+`, `?`, `:?`, or '' */
  readonly operator: string;
  readonly word: string;
  readonly start: number;
  readonly end: number;
  /** the text that a message about this one shows: what follows a variable with a default, up to the last brace, is one of its own */
  readonly scope: readonly [number, number];
  readonly isDollar: boolean;
}

const MAX_NESTING = 100;
const NAME = /[_a-z][_a-z0-9]*/iy;

/** Fills a template in. */
export function substitute(template: string, how: Substitution, depth = 0): string {
  if (!template.includes('$')) return template;
  if (depth > MAX_NESTING) throw new TemplateError(template.length > 200 ? `${template.slice(0, 200)}…` : template);
  let filled = '';
  let at = 0;
  for (const token of tokens(template)) {
    filled += template.slice(at, token.start);
    at = token.end;
    if (token.isDollar) filled += '$';
    else if (token.name === '') throw new TemplateError(template.slice(...token.scope));
    else filled += token.operator === '' ? plain(token.name, how) : expand(token, how, depth);
  }
  return filled + template.slice(at);
}

/** Every variable and every `$$` of a template, from left to right. */
function* tokens(template: string): Generator<Token> {
  const whole = [0, template.length] as const;
  let scope: readonly [number, number] = whole;
  const line = { end: -1, lastBrace: -1 };
  for (let at = template.indexOf('$'); at >= 0; ) {
    if (at >= scope[1]) scope = whole;
    const token = tokenAt(template, at, scope, line);
    if (token === undefined) {
      at = template.indexOf('$', at + 1);
      continue;
    }
    yield token;
    if (token.operator !== '') scope = [token.end, Math.max(token.end, line.lastBrace + 1)];
    at = template.indexOf('$', token.end);
  }
}

/** `line` remembers where the line ends that was looked at last, and its last brace. */
function tokenAt(
  template: string,
  start: number,
  scope: readonly [number, number],
  line: { end: number; lastBrace: number },
): Token | undefined {
  const next = template[start + 1];
  const base = { name: '', operator: '', word: '', start, scope, isDollar: false };
  if (next === '$') return { ...base, end: start + 2, isDollar: true };
  const isBraced = next === '{';
  const name = nameAt(template, start + (isBraced ? 2 : 1));
  if (!isBraced) return name === '' ? undefined : { ...base, name, end: start + 1 + name.length };
  const afterName = start + 2 + name.length;
  if (name !== '' && template[afterName] === '}') return { ...base, name, end: afterName + 1 };
  const operator = operatorAt(template, afterName);
  if (line.end < start) {
    const end = template.indexOf('\n', start);
    line.end = end < 0 ? template.length : end;
    line.lastBrace = template.lastIndexOf('}', line.end);
  }
  const from = afterName + operator.length;
  if (name === '' || operator === '' || line.lastBrace < from) return { ...base, end: start + 2 };
  const closing = closingBrace(template, start + 1, line.lastBrace + 1);
  const last = closing < 0 ? line.lastBrace : closing;
  return { ...base, name, operator, word: template.slice(from, last), end: last + 1 };
}

function nameAt(template: string, at: number): string {
  NAME.lastIndex = at;
  return NAME.exec(template)?.[0] ?? '';
}

function operatorAt(template: string, at: number): string {
  const colon = template[at] === ':' ? ':' : '';
  const sign = template[at + colon.length] ?? '';
  return sign !== '' && '-+?'.includes(sign) ? colon + sign : '';
}

function plain(name: string, { lookup, unset }: Substitution): string {
  const value = lookup(name);
  if (value === undefined) unset?.(name);
  return value ?? '';
}

function expand({ name, operator, word }: Token, how: Substitution, depth: number): string {
  const other = substitute(word, how, depth + 1);
  const value = how.lookup(name);
  const isThere = value !== undefined && (value !== '' || !operator.startsWith(':'));
  if (operator.endsWith('-')) return isThere ? value : other;
  if (operator.endsWith('+')) return isThere ? other : (value ?? '');
  if (!isThere) throw new Error(`required variable ${name} is missing a value${other === '' ? '' : `: ${other}`}`);
  return value;
}

/** Where the brace at `start` is closed; -1 when it is not before `end`. */
function closingBrace(text: string, start: number, end: number): number {
  let open = 0;
  for (let at = start; at < end; at += 1) {
    const char = text[at];
    if (char === '}') {
      open -= 1;
      if (open === 0) return at;
    } else if (char === '{') {
      open += 1;
      at += 1;
    }
  }
  return -1;
}

/** A variable as a template names it. */
export interface TemplateVariable {
  readonly name: string;
  readonly defaultValue: string;
  readonly presenceValue: string;
  readonly required: boolean;
}

/** The variables of a template, also those in defaults. Of two with one name the one that counts comes last. */
export function variablesOf(template: string, depth = 0): TemplateVariable[] {
  const found: TemplateVariable[] = [];
  if (depth > MAX_NESTING) return found;
  // What follows a variable with a default on its line is read before that variable.
  let waiting: TemplateVariable[][] = [];
  const flush = (): void => {
    for (const group of waiting.reverse()) found.push(...group);
    waiting = [];
  };
  for (const { name, operator, word, isDollar, scope } of tokens(template)) {
    if (scope[0] === 0) flush();
    if (isDollar || name === '') continue;
    const defaultValue = operator.endsWith('-') ? word : '';
    const presenceValue = operator.endsWith('+') ? word : '';
    const own = { name, defaultValue, presenceValue, required: operator.endsWith('?') };
    if (operator === '') found.push(own);
    else waiting.push([own, ...variablesOf(defaultValue, depth + 1), ...variablesOf(presenceValue, depth + 1)]);
  }
  flush();
  return found;
}

// Splits a Go template into text and the tokens between {{ and }}.
import { dropEnd } from '../base/ends.ts';
import { TemplateError } from './ast.ts';

export type TokenKind =
  | 'text'
  | 'open'
  | 'close'
  | 'field'
  | 'variable'
  | 'identifier'
  | 'string'
  | 'number'
  | 'char'
  | 'mark'
  | 'space'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly pos: number;
}

const RULES: readonly (readonly [TokenKind, RegExp])[] = [
  ['space', /[ \t\r\n]+/y],
  ['field', /\.[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*/y],
  ['number', /[+-]?(?:0[xX][0-9a-fA-F_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/y],
  ['variable', /\$\w*/y],
  ['identifier', /[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*/y],
  ['string', /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
  ['char', /'(?:[^'\\\n]|\\.)+'/y],
  ['mark', /:=|[=|(),.]/y],
];

export const lineOf = (source: string, pos: number): number => source.slice(0, pos).split('\n').length;

/** Tokens of the whole template; throws TemplateError with `line: what`. */
export function lex(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let trimNext = false;
  for (;;) {
    const open = source.indexOf('{{', at);
    let text = source.slice(at, open < 0 ? source.length : open);
    if (trimNext) text = text.replace(/^[ \t\r\n]+/, '');
    const trimLeft = open >= 0 && /^\{\{-[ \t\r\n]/.test(source.slice(open, open + 4));
    if (trimLeft) text = dropEnd(text, ' \t\r\n');
    if (text !== '') tokens.push({ kind: 'text', text, pos: at });
    if (open < 0) break;
    at = open + (trimLeft ? 3 : 2);
    const comment = /^\s*\/\*[^]*?\*\/(\s*-)?\}\}/.exec(source.slice(at));
    if (comment) {
      at += comment[0].length;
      trimNext = comment[1] !== undefined;
      continue;
    }
    tokens.push({ kind: 'open', text: '{{', pos: open });
    [at, trimNext] = lexAction(source, at, tokens);
  }
  tokens.push({ kind: 'end', text: '', pos: source.length });
  return tokens;
}

function lexAction(source: string, from: number, tokens: Token[]): [number, boolean] {
  let at = from;
  let depth = 0;
  for (;;) {
    const close = /[ \t\r\n]-\}\}|\}\}/y;
    close.lastIndex = at;
    const end = close.exec(source);
    if (end) {
      if (depth > 0) throw new TemplateError(`${lineOf(source, at)}: unclosed left paren`);
      tokens.push({ kind: 'close', text: '}}', pos: at });
      return [at + end[0].length, end[0].length > 2];
    }
    if (at >= source.length) throw new TemplateError(`${lineOf(source, at)}: unclosed action`);
    const token = lexOne(source, at);
    if (token.text === '(') depth += 1;
    if (token.text === ')') depth -= 1;
    if (depth < 0) throw new TemplateError(`${lineOf(source, at)}: unexpected right paren`);
    tokens.push(token);
    at += token.text.length;
  }
}

function lexOne(source: string, at: number): Token {
  for (const [kind, rule] of RULES) {
    rule.lastIndex = at;
    const match = rule.exec(source);
    if (match && match[0] !== '') return { kind, text: match[0], pos: at };
  }
  const char = source[at] ?? '';
  const line = lineOf(source, at);
  if (char === '"') throw new TemplateError(`${line}: unterminated quoted string`);
  if (char === '`') throw new TemplateError(`${line}: unterminated raw quoted string`);
  if (char === "'") throw new TemplateError(`${line}: unterminated character constant`);
  const code = char.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0') ?? '';
  throw new TemplateError(`${line}: unrecognized character in action: U+${code} '${char}'`);
}

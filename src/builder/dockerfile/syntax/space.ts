// White space as Go's unicode package has it, which differs from JavaScript's.

const SPACE = '\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
export const SPACES = new RegExp(`[${SPACE}]`);

function isSpaceCode(code: number): boolean {
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  return SPACES.test(String.fromCharCode(code));
}

export const isSpace = (character: string): boolean => character.length === 1 && isSpaceCode(character.charCodeAt(0));

export function trimLeft(text: string): string {
  let at = 0;
  while (at < text.length && isSpaceCode(text.charCodeAt(at))) at += 1;
  return at === 0 ? text : text.slice(at);
}

export function trimRight(text: string): string {
  let end = text.length;
  while (end > 0 && isSpaceCode(text.charCodeAt(end - 1))) end -= 1;
  return end === text.length ? text : text.slice(0, end);
}

export const trim = (text: string): string => trimRight(trimLeft(text));

/** What separates the words of an instruction: not every white space does. */
export const BLANKS = /[\t\v\f\r ]+/;

/** The text before the first blanks and all behind them. */
export function cutAtBlanks(text: string): readonly [string] | readonly [string, string] {
  const match = BLANKS.exec(text);
  return match ? [text.slice(0, match.index), text.slice(match.index + match[0].length)] : [text];
}

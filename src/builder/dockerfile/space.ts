// White space as Go's unicode package has it, which differs from JavaScript's.

const SPACE = '\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const ONE = new RegExp(`^[${SPACE}]$`);
const LEFT = new RegExp(`^[${SPACE}]+`);
const RIGHT = new RegExp(`[${SPACE}]+$`);

export const SPACES = new RegExp(`[${SPACE}]`);
export const isSpace = (character: string): boolean => ONE.test(character);
export const trimLeft = (text: string): string => text.replace(LEFT, '');
export const trim = (text: string): string => trimLeft(text).replace(RIGHT, '');

/** What separates the words of an instruction: not every white space does. */
export const BLANKS = /[\t\v\f\r ]+/;

/** The text before the first blanks and all behind them. */
export function cutAtBlanks(text: string): readonly [string] | readonly [string, string] {
  const match = BLANKS.exec(text);
  return match ? [text.slice(0, match.index), text.slice(match.index + match[0].length)] : [text];
}

// The shell patterns of `${a#pattern}` and `${a/pattern/text}`: `*` and `?`, no brackets.
import { Glob, type GlobToken } from '../../../base/glob.ts';
import { Failure } from './failure.ts';

/** Bounds on one pattern, which keep the work on one value small. */
export const MAX_PATTERN_CHARACTERS = 4096;
export const MAX_PATTERN_WILDCARDS = 256;

/** Stars stay within a line. Throws a Failure when an escape makes no sense. */
function globOf(pattern: string): Glob {
  const characters = Array.from(pattern);
  if (characters.length > MAX_PATTERN_CHARACTERS)
    throw new Failure(`pattern in substitution is longer than ${MAX_PATTERN_CHARACTERS} characters`);
  if (characters.filter((one) => one === '*' || one === '?').length > MAX_PATTERN_WILDCARDS)
    throw new Failure(`pattern in substitution has more than ${MAX_PATTERN_WILDCARDS} wildcards`);
  const tokens: GlobToken[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (character === '*') tokens.push({ kind: 'star' });
    else if (character === '?') tokens.push({ kind: 'one' });
    else if (character === '\\') {
      const next = characters[at + 1];
      // `}` and `/` have to be escaped inside of `${}`; the escape is no part of the pattern.
      if (next === '}' || next === '/') continue;
      if (next !== '*' && next !== '?' && next !== '\\') {
        const why = `invalid escape '\\${next ?? '\ufffd'}'`;
        throw new Failure(`invalid pattern (${pattern}) in substitution: ${why}`);
      }
      tokens.push({ kind: 'text', text: next });
      at += 1;
    } else tokens.push({ kind: 'text', text: character });
  }
  return new Glob(tokens, '\n');
}

/** Characters that are looked at, more or less. */
export function matchingCost(pattern: string, text: string): number {
  let wildcards = 0;
  for (const character of pattern) if (character === '*' || character === '?') wildcards += 1;
  return text.length * (1 + wildcards);
}

export interface ReplaceOptions {
  readonly all: boolean;
  /** Characters of the result. */
  readonly most: number;
}

/** The text with the first match replaced, or all of them, each as long as it can be; undefined where that is too long. */
export function replacePattern(
  pattern: string,
  text: string,
  replacement: string,
  { all, most }: ReplaceOptions,
): string | undefined {
  const glob = globOf(pattern);
  let result = '';
  let done = 0;
  for (let from = 0; from <= text.length; ) {
    const found = glob.find(text, from);
    if (!found) break;
    // an empty match right behind another is none, as Go has it
    if (found.end > done || found.start === 0) {
      result += text.slice(done, found.start) + replacement;
      done = found.end;
      if (result.length > most) return undefined;
    }
    if (!all) break;
    from = found.end > from ? found.end : from + (isWide(text, from) ? 2 : 1);
  }
  return result + text.slice(done);
}

export function trimPrefix(pattern: string, text: string, longest: boolean): string {
  const end = globOf(pattern).prefix(text, longest);
  return end === undefined ? text : text.slice(end);
}

/** Matches are found from the left, so both sides are turned round to find the shortest end. */
export function trimSuffix(pattern: string, text: string, longest: boolean): string {
  const turned = trimPrefix(reversePattern(pattern), Array.from(text).reverse().join(''), longest);
  return Array.from(turned).reverse().join('');
}

/** An escape stays before what it escapes. */
function reversePattern(pattern: string): string {
  return (pattern.match(/\\?[\s\S]/gu) ?? []).reverse().join('');
}

const isWide = (text: string, at: number): boolean => (text.codePointAt(at) ?? 0) > 0xffff;

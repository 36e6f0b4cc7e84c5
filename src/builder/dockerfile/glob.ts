// The shell patterns of `${a#pattern}` and `${a/pattern/text}`: `*` and `?`, no brackets.
import { Failure } from './failure.ts';

/** Throws a Failure when an escape makes no sense. */
export function globToRegExp(
  pattern: string,
  options: { readonly longest: boolean; readonly atStart?: boolean; readonly all?: boolean },
): RegExp {
  const characters = Array.from(pattern);
  let source = options.atStart ? '^' : '';
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (character === '*') source += options.longest ? '[^\\n]*' : '[^\\n]*?';
    else if (character === '?') source += '[^\\n]';
    else if (character === '\\') {
      const next = characters[at + 1];
      // `}` and `/` have to be escaped inside of `${}`; the escape is no part of the pattern.
      if (next === '}' || next === '/') continue;
      if (next !== '*' && next !== '?' && next !== '\\') {
        const why = `invalid escape '\\${next ?? '\ufffd'}'`;
        throw new Failure(`invalid pattern (${pattern}) in substitution: ${why}`);
      }
      source += `\\${next}`;
      at += 1;
    } else source += /[[\]{}.+()|^$/]/.test(character) ? `\\${character}` : character;
  }
  return new RegExp(source, options.all ? 'gu' : 'u');
}

export function trimPrefix(pattern: string, text: string, longest: boolean): string {
  const match = globToRegExp(pattern, { longest, atStart: true }).exec(text);
  return match ? text.slice(match[0].length) : text;
}

/** Expressions search from the left, so both sides are turned round to find the shortest end. */
export function trimSuffix(pattern: string, text: string, longest: boolean): string {
  const turned = trimPrefix(reversePattern(pattern), Array.from(text).reverse().join(''), longest);
  return Array.from(turned).reverse().join('');
}

/** An escape stays before what it escapes. */
function reversePattern(pattern: string): string {
  return (pattern.match(/\\?[\s\S]/gu) ?? []).reverse().join('');
}

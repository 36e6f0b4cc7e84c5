// Patterns of Go's path.Match as tests of a name, and those of .dockerignore, where `**` is any number of directories.
import { Glob, type GlobToken } from '../../base/glob.ts';

/** Says why a text is no pattern of Go's filepath.Match; undefined when it is one. */
export function patternFault(pattern: string): string | undefined {
  return tokens(pattern) ? undefined : 'syntax error in pattern';
}

type Token =
  | { readonly kind: 'text'; readonly text: string; readonly escaped: boolean }
  | { readonly kind: 'star' | 'one' }
  | { readonly kind: 'class'; readonly has: (codePoint: number) => boolean };

function tokens(pattern: string): readonly Token[] | undefined {
  const characters = Array.from(pattern);
  const result: Token[] = [];
  let at = 0;
  /** One character of a class, its escape resolved. */
  const member = (): string | undefined => {
    const character = characters[at];
    if (character === undefined || character === '-' || character === ']') return undefined;
    at += 1;
    if (character !== '\\') return character;
    const escaped = characters[at];
    at += 1;
    return escaped;
  };
  while (at < characters.length) {
    const character = characters[at] ?? '';
    at += 1;
    if (character === '*' || character === '?') result.push({ kind: character === '*' ? 'star' : 'one' });
    else if (character === '\\') {
      const text = characters[at];
      if (text === undefined) return undefined;
      result.push({ kind: 'text', text, escaped: true });
      at += 1;
    } else if (character === '[') {
      const ranges: [low: number, high: number][] = [];
      const negated = characters[at] === '^';
      if (negated) at += 1;
      for (let count = 0; characters[at] !== ']' || count === 0; count++) {
        const low = member();
        if (low === undefined) return undefined;
        let high = low;
        if (characters[at] === '-') {
          at += 1;
          const given = member();
          if (given === undefined) return undefined;
          high = given;
        }
        // A range that goes backwards holds nothing.
        ranges.push([codePointOf(low), codePointOf(high)]);
        if (at >= characters.length) return undefined;
      }
      at += 1;
      const within = (codePoint: number): boolean =>
        ranges.some(([low, high]) => low <= codePoint && codePoint <= high);
      const none = ranges.every(([low, high]) => low > high);
      if (negated && none) result.push({ kind: 'one' });
      else result.push({ kind: 'class', has: negated ? (codePoint) => !within(codePoint) : within });
    } else result.push({ kind: 'text', text: character, escaped: false });
  }
  return result;
}

const codePointOf = (character: string): number => character.codePointAt(0) ?? 0;

/** A test of whole names for a pattern of Go's path.Match, where `**` is but a star; undefined for what is no pattern. */
export function globTest(pattern: string): ((name: string) => boolean) | undefined {
  const list = tokens(pattern);
  if (!list) return undefined;
  const glob = new Glob(list, '/');
  return (name) => glob.matches(name);
}

/** A test of whole paths for a pattern without faults. */
export function patternTest(pattern: string): (path: string) => boolean {
  const list = tokens(pattern) ?? [];
  if (list.every((token) => token.kind === 'text' && !token.escaped)) return (path) => path === pattern;
  const wanted: GlobToken[] = [];
  for (let at = 0; at < list.length; at++) {
    const token = list[at];
    if (!token) continue;
    if (token.kind !== 'star' || list[at + 1]?.kind !== 'star') {
      wanted.push(token);
      continue;
    }
    at += 1;
    const next = list[at + 1];
    const slash = next?.kind === 'text' && next.text === '/' && !next.escaped;
    if (slash) at += 1;
    const isLast = at === list.length - 1;
    // At the beginning `**x` is "ends with x"; `**/x` ends with a whole name.
    const anything = isLast || (wanted.length === 0 && !slash);
    wanted.push({ kind: anything ? 'deep' : 'parts' });
  }
  const glob = new Glob(wanted, '/');
  return (path) => glob.matches(path);
}

// Patterns of paths as COPY has them. Pure.
import { Glob, type GlobToken } from '../../base/glob.ts';

/** A source with `*`, `?`, `[…]`: each stays within its part of the path. With `deep`, `**` is any number of parts. */
export function wildcard(pattern: string, deep: boolean): (path: string) => boolean {
  const glob = new Glob(tokensOf(pattern, deep), '/');
  return (path) => glob.matches(path);
}

function tokensOf(pattern: string, deep: boolean): GlobToken[] {
  const tokens: GlobToken[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern.charAt(at);
    if (char === '*' && deep && pattern.charAt(at + 1) === '*') {
      at += 1;
      while (pattern.charAt(at + 1) === '*') at += 1;
      const slash = pattern.charAt(at + 1) === '/';
      if (slash) at += 1;
      tokens.push({ kind: slash ? 'parts' : 'deep' });
    } else if (char === '*') tokens.push({ kind: 'star' });
    else if (char === '?') tokens.push({ kind: 'one' });
    else if (char === '[' && pattern.includes(']', at + 1)) {
      const end = pattern.indexOf(']', at + 1);
      tokens.push({ kind: 'class', has: classOf(pattern.slice(at + 1, end)) });
      at = end;
    } else if (char === '\\') {
      at += 1;
      tokens.push({ kind: 'text', text: pattern.charAt(at) || '\\' });
    } else tokens.push({ kind: 'text', text: char });
  }
  return tokens;
}

/** Characters and ranges; `^` at the beginning stands for all others. */
function classOf(source: string): (codePoint: number) => boolean {
  const negated = source.startsWith('^');
  const members = Array.from(negated ? source.slice(1) : source, (member) => member.codePointAt(0) ?? 0);
  const ranges: [low: number, high: number][] = [];
  for (let at = 0; at < members.length; at += 1) {
    const low = members[at] as number;
    const isRange = members[at + 1] === DASH && at + 2 < members.length;
    ranges.push([low, isRange ? (members[at + 2] as number) : low]);
    if (isRange) at += 2;
  }
  return (codePoint) => ranges.some(([low, high]) => low <= codePoint && codePoint <= high) !== negated;
}

const DASH = 0x2d;

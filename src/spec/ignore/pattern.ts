// Patterns of Go's path.Match as tests of a name, and those of .dockerignore, where `**` is any number of directories.

/** Says why a text is no pattern of Go's filepath.Match; undefined when it is one. */
export function patternFault(pattern: string): string | undefined {
  return tokens(pattern) ? undefined : 'syntax error in pattern';
}

type Token =
  | { readonly kind: 'text'; readonly text: string; readonly escaped: boolean }
  | { readonly kind: 'star' | 'any' }
  | { readonly kind: 'class'; readonly source: string };

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
    if (character === '*' || character === '?') result.push({ kind: character === '*' ? 'star' : 'any' });
    else if (character === '\\') {
      const text = characters[at];
      if (text === undefined) return undefined;
      result.push({ kind: 'text', text, escaped: true });
      at += 1;
    } else if (character === '[') {
      let source = '';
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
        if (low <= high) source += `${inClass(low)}-${inClass(high)}`;
        if (at >= characters.length) return undefined;
      }
      at += 1;
      result.push({
        kind: 'class',
        source: source === '' ? (negated ? '[^/]' : '[]') : `[${negated ? '^' : ''}${source}]`,
      });
    } else result.push({ kind: 'text', text: character, escaped: false });
  }
  return result;
}

const inClass = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** A test of whole names for a pattern of Go's path.Match, where `**` is but a star; undefined for what is no pattern. */
export function globTest(pattern: string): ((name: string) => boolean) | undefined {
  const list = tokens(pattern);
  if (!list) return undefined;
  const source = list.map((token) => {
    if (token.kind === 'text') return literal(token.text);
    if (token.kind === 'class') return token.source;
    return token.kind === 'any' ? '[^/]' : '[^/]*';
  });
  const expression = new RegExp(`^${source.join('')}$`, 'su');
  return (name) => expression.test(name);
}

/** A test of whole paths for a pattern without faults. */
export function patternTest(pattern: string): (path: string) => boolean {
  const list = tokens(pattern) ?? [];
  if (list.every((token) => token.kind === 'text' && !token.escaped)) return (path) => path === pattern;
  let source = '';
  for (let at = 0; at < list.length; at++) {
    const token = list[at];
    if (!token) continue;
    if (token.kind === 'text') source += literal(token.text);
    else if (token.kind === 'class') source += token.source;
    else if (token.kind === 'any') source += '[^/]';
    else if (list[at + 1]?.kind !== 'star') source += '[^/]*';
    else {
      at += 1;
      const next = list[at + 1];
      const slash = next?.kind === 'text' && next.text === '/' && !next.escaped;
      if (slash) at += 1;
      const last = at === list.length - 1;
      const first = source === '';
      if (last) source += '.*';
      // At the beginning `**x` is "ends with x"; `**/x` ends with a whole name.
      else if (first && !slash) source += '.*';
      else source += '(?:.*/)?';
    }
  }
  const expression = new RegExp(`^${source}$`, 'su');
  return (path) => expression.test(path);
}

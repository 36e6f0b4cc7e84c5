// Patterns of paths as COPY has them. Pure.

/** A source with `*`, `?`, `[…]`: each stays within its part of the path. With `deep`, `**` is any number of parts. */
export function wildcard(pattern: string, deep: boolean): (path: string) => boolean {
  const expression = new RegExp(`^${toSource(pattern, deep)}$`, 's');
  return (path) => expression.test(path);
}

function toSource(pattern: string, deep: boolean): string {
  let source = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern.charAt(at);
    if (char === '*' && deep && pattern.charAt(at + 1) === '*') {
      at += 1;
      while (pattern.charAt(at + 1) === '*') at += 1;
      if (pattern.charAt(at + 1) === '/') {
        at += 1;
        source += '(?:.*/)?';
      } else source += '.*';
    } else if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '[') {
      const end = pattern.indexOf(']', at + 1);
      if (end < 0) source += '\\[';
      else {
        source += `[${pattern
          .slice(at + 1, end)
          .replace(/^\^/, '^')
          .replaceAll('\\', '\\\\')}]`;
        at = end;
      }
    } else if (char === '\\') {
      at += 1;
      source += (pattern.charAt(at) || '\\').replace(/[.*+?^${}()|[\]\\/]/, '\\$&');
    } else source += char.replace(/[.+^${}()|/]/, '\\$&');
  }
  return source;
}

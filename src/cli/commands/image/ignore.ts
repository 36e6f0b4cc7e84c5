// The rules of .dockerignore: the last pattern that matches a path or one of its parents decides.

/** Tells whether a path, relative to the context, stays out of it. */
export function ignoreRules(text: string): (path: string) => boolean {
  const rules = text
    .replace(/^\ufeff/, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const keep = line.startsWith('!');
      const pattern = (keep ? line.slice(1).trim() : line).replace(/\/+$/, '').replace(/^\.?\/+/, '');
      return { keep, pattern: toRegExp(pattern) };
    });
  const hasExceptions = rules.some((rule) => rule.keep);
  return (path) => {
    const parts = path.split('/');
    const prefixes = parts.map((_, i) => parts.slice(0, i + 1).join('/'));
    let out = false;
    for (const { keep, pattern } of rules) if (prefixes.some((prefix) => pattern.test(prefix))) out = !keep;
    // A directory may hold exceptions, so the daemon's builder gets it and its kept children.
    return out && (!hasExceptions || !mayHoldExceptions(path, text));
  };
}

function mayHoldExceptions(path: string, text: string): boolean {
  return text.split('\n').some((line) => {
    const rule = line.trim();
    return (
      rule.startsWith('!') &&
      (rule
        .slice(1)
        .replace(/^\.?\/+/, '')
        .startsWith(`${path}/`) ||
        /^!\**\//.test(rule) ||
        rule.startsWith('!*'))
    );
  });
}

function toRegExp(pattern: string): RegExp {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i] ?? '';
    if (char === '*' && pattern[i + 1] === '*') {
      i += 1;
      if (pattern[i + 1] === '/') {
        i += 1;
        source += '(?:.*/)?';
      } else source += '.*';
    } else if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '[') {
      const end = pattern.indexOf(']', i);
      if (end < 0) source += '\\[';
      else {
        source += pattern.slice(i, end + 1);
        i = end;
      }
    } else if (char === '\\') {
      i += 1;
      source += `\\${pattern[i] ?? '\\'}`;
    } else source += char.replace(/[.+^${}()|/]/, '\\$&');
  }
  return new RegExp(`^${source}$`);
}

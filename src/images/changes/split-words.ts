// Words of an instruction: quotes, escapes and $variables as a Dockerfile has them.

/** `a="b c" d\ e` into `a="b c"` and `d\ e`: split at blanks outside quotes, quotes and escapes kept. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '\\' && quote !== "'" && at + 1 < text.length) {
      word += char + text.charAt(at + 1);
      at += 1;
    } else if (quote) {
      if (char === quote) quote = '';
      word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word += char;
    } else if (/\s/.test(char)) {
      if (word) words.push(word);
      word = '';
    } else word += char;
  }
  if (word) words.push(word);
  return words;
}

/** Takes quotes and escapes away and puts variables in: `$A`, `${A}`, `${A:-else}`, `${A:+then}`. */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  let out = '';
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    const next = text.charAt(at + 1);
    if (quote === "'") {
      if (char === "'") quote = '';
      else out += char;
    } else if (char === '\\' && next !== '') {
      // between double quotes only these are escapes
      out += quote === '"' && !/["$\\]/.test(next) ? char + next : next;
      at += 1;
    } else if (char === '"') quote = quote ? '' : '"';
    else if (char === "'" && !quote) quote = "'";
    else if (char === '$') {
      const name = /^\$(?:([A-Za-z_]\w*|\d)|\{([A-Za-z_]\w*)(?:(:?[-+])([^}]*))?\})/.exec(text.slice(at));
      if (name) {
        out += value(name, variables);
        at += name[0].length - 1;
      } else out += char;
    } else out += char;
  }
  return out;
}

function value(match: RegExpExecArray, variables: ReadonlyMap<string, string>): string {
  const [, bare, braced, operator, word = ''] = match;
  const found = variables.get(bare ?? braced ?? '');
  const set = operator?.startsWith(':') ? Boolean(found) : found !== undefined;
  if (operator?.endsWith('-')) return set ? (found ?? '') : expand(word, variables);
  if (operator?.endsWith('+')) return set ? expand(word, variables) : '';
  return found ?? '';
}

/** A JSON array of strings, or undefined: then the text is a shell's. */
export function jsonArray(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}

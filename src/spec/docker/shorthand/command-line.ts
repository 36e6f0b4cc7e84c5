// A command line in one text -> its words, as docker compose splits it: quotes and backslashes, but no shell.

export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word = '';
  let has = false;
  let isEscaped = false;
  /** the quote, or `(` within `$(…)`, that is open */
  let open = '';
  for (const char of line) {
    if (isEscaped) {
      word += char;
      isEscaped = false;
      has = true;
    } else if (char === '\\' && open !== "'") isEscaped = true;
    else if (' \t\r\n'.includes(char)) {
      if (open !== '') word += char;
      else if (has) {
        words.push(word);
        word = '';
        has = false;
      }
    } else if ((char === '"' || char === "'") && (open === '' || open === '`')) {
      if (open === '`') throw invalidLine();
      open = char;
    } else if (char === open && (char === '"' || char === "'")) {
      open = '';
      has = true;
    } else {
      if (open === '' && ';&|<>'.includes(char)) {
        if (char === '>' && /^\d/.test(word)) has = false;
        break;
      }
      if (char === '`' && (open === '' || open === '`')) open = open === '`' ? '' : '`';
      else if (char === ')' && (open === '' || open === '(')) open = open === '(' ? '' : '(';
      else if (char === '(' && (open === '' || open === '(')) {
        if (open === '(' || !word.endsWith('$')) throw invalidLine();
        open = '(';
        word += char;
        continue;
      }
      word += char;
      has = true;
    }
  }
  if (has) words.push(word);
  if (isEscaped || open !== '') throw invalidLine();
  return words;
}

function invalidLine(): Error {
  return new Error('invalid command line string');
}

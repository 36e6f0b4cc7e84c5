// One logical line -> keyword, flags and arguments; and the ways in which instructions divide their arguments.
import { Failure } from './failure.ts';
import { BLANKS, cutAtBlanks, isSpace, trim, trimLeft } from './space.ts';

export interface SplitLine {
  readonly keyword: string;
  readonly flags: readonly string[];
  readonly rest: string;
}

export function splitLine(line: string, escape: string): SplitLine {
  const [keyword, behind] = cutAtBlanks(trim(line));
  if (behind === undefined) return { keyword, flags: [], rest: '' };
  const { flags, rest } = takeFlags(behind, escape);
  return { keyword, flags, rest: trim(rest) };
}

/** Words that begin with `--`, up to the first that does not or to a `--` alone. Quotes and escapes are resolved. */
function takeFlags(line: string, escape: string): { flags: string[]; rest: string } {
  const flags: string[] = [];
  let at = 0;
  while (at < line.length) {
    if (isSpace(line[at] ?? '')) {
      at += 1;
      continue;
    }
    if (!line.startsWith('--', at)) return { flags, rest: line.slice(at) };
    let word = '';
    let quoted = false;
    let quoteMark: string | undefined;
    for (; at < line.length; at++) {
      const character = line[at] ?? '';
      if (quoteMark === undefined && isSpace(character)) break;
      if (character === quoteMark) quoteMark = undefined;
      else if (quoteMark === undefined && (character === '"' || character === "'")) {
        quoteMark = character;
        quoted = true;
      } else if (character === escape) {
        at += 1;
        word += line[at] ?? '';
      } else word += character;
    }
    if (word === '--' && at < line.length) return { flags, rest: line.slice(at) };
    if (word !== '--' && (quoted || word !== '')) flags.push(word);
  }
  return { flags, rest: '' };
}

/** Words of ENV, LABEL and ARG: quotes keep white space together and stay in the word, as escapes do. */
export function quotedWords(rest: string, escape: string): string[] {
  const characters = Array.from(rest);
  const words: string[] = [];
  let word = '';
  let open = false;
  let quoteMark: string | undefined;
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (quoteMark === undefined && isSpace(character)) {
      if (open) words.push(word);
      word = '';
      open = false;
      continue;
    }
    if (character === escape && quoteMark !== "'") {
      if (at === characters.length - 1) break;
      at += 1;
      word += character + (characters[at] ?? '');
      open = true;
      continue;
    }
    if (quoteMark === undefined && (character === '"' || character === "'")) quoteMark = character;
    else if (character === quoteMark) quoteMark = undefined;
    word += character;
    open = true;
  }
  if (open) words.push(word);
  return words;
}

export const blankWords = (rest: string): string[] => (rest === '' ? [] : rest.split(new RegExp(BLANKS, 'g')));

/** The strings of a JSON array; undefined when the text is none. Throws a Failure when there is anything but strings in it. */
export function stringArray(rest: string): string[] | undefined {
  const text = trimLeft(rest);
  if (!text.startsWith('[')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const strings = value.filter((item) => typeof item === 'string');
  if (strings.length !== value.length) {
    throw new Failure('when using JSON array syntax, arrays must be comprised of strings only', true);
  }
  return strings;
}

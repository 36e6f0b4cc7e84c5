// Which words of a line are heredocs: `<<EOF`, `<<-EOF`, `3<<"EOF"`.
import type { Heredoc } from './ast.ts';
import { expand } from './expand.ts';
import { Failure } from './failure.ts';

const FORM = /^(\d*)<<(-?)([^<]*)$/;
const NOTHING: ReadonlyMap<string, string> = new Map();
const count = (text: string): number => text.match(/['"]/g)?.length ?? 0;

/** The heredoc that a word asks for, without its content. */
export function heredocOf(word: string): Omit<Heredoc, 'content'> | undefined {
  const match = FORM.exec(word);
  const rest = (match?.[3] ?? '').replace(/^[\t\n\f\r ]+/, '');
  if (!match || rest === '') return undefined;
  const plain = expand(rest, NOTHING, '\\', { keepUnset: true }).words;
  const name = plain[0];
  if (plain.length !== 1 || name === undefined) return undefined;
  const quoted = expand(rest, NOTHING, '\\', { keepUnset: true, keepQuotes: true }).words[0] ?? '';
  return {
    name,
    descriptor: Number(match[1] || '0'),
    // Quotes that went away were quotes around a part of the word.
    expand: count(name) === count(quoted),
    chomp: match[2] === '-',
  };
}

/** As heredocOf, for a word that may be no well-formed word at all. */
export function maybeHeredoc(word: string): Omit<Heredoc, 'content'> | undefined {
  try {
    return heredocOf(word);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** All heredocs of a line in order. A line that is no shell text has those before the fault. */
export function heredocsOf(line: string): Omit<Heredoc, 'content'>[] {
  let words: readonly string[];
  try {
    words = expand(line, NOTHING, '\\', { keepQuotes: true, keepEscapes: true, keepUnset: true }).words;
  } catch (error) {
    if (error instanceof Failure) return [];
    throw error;
  }
  return words.map(heredocOf).filter((heredoc) => heredoc !== undefined);
}

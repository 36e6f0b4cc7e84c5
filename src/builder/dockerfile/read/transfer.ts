// COPY and ADD.
import { heredocText } from '../syntax/ast.ts';
import { Failure } from '../syntax/failure.ts';
import { readFlags } from '../syntax/flags.ts';
import { maybeHeredoc } from '../syntax/heredocs.ts';
import type { InlineFile, Transfer } from '../syntax/instructions.ts';
import { blankWords, stringArray } from '../syntax/split-words.ts';
import type { Reader, Source } from './source.ts';

const SHARED = { chown: 'text', chmod: 'text', link: 'bool', exclude: 'texts' } as const;

export const readCopy: Reader<'copy'> = (source) => {
  const words = wordsOf(source, 'COPY');
  const flags = readFlags(source.node.flags, { ...SHARED, from: 'text', parents: 'bool' });
  return { ...transfer(source, words, flags, 'COPY'), from: flags.from ?? '', parents: flags.parents ?? false };
};

export const readAdd: Reader<'add'> = (source) => {
  const words = wordsOf(source, 'ADD');
  const known = { ...SHARED, 'keep-git-dir': 'bool', checksum: 'text', unpack: 'bool' } as const;
  const flags = readFlags(source.node.flags, known);
  const { checksum = '', unpack } = flags;
  return { ...transfer(source, words, flags, 'ADD'), keepGitDir: flags['keep-git-dir'], checksum, unpack };
};

function wordsOf(source: Source, keyword: string): readonly string[] {
  const words = stringArray(source.node.rest) ?? blankWords(source.node.rest);
  if (words.length < 2) {
    throw new Failure(
      `${keyword} requires at least two arguments, but only one was provided. Destination could not be determined`,
    );
  }
  return words;
}

interface SharedFlags {
  readonly chown?: string;
  readonly chmod?: string;
  readonly link?: boolean;
  readonly exclude?: readonly string[];
}

function transfer({ node }: Source, words: readonly string[], flags: SharedFlags, keyword: string): Transfer {
  const destination = words.at(-1) ?? '';
  if (maybeHeredoc(destination)) throw new Failure(`${keyword} cannot accept a heredoc as a destination`);
  const sources: string[] = [];
  const files: InlineFile[] = [];
  for (const word of words.slice(0, -1)) {
    const heredoc = maybeHeredoc(word);
    if (!heredoc) {
      sources.push(word);
      continue;
    }
    const { name, chomp, expand } = heredoc;
    const content = node.heredocs.findLast((candidate) => candidate.name === name)?.content ?? '';
    files.push({ name, content: heredocText({ content, chomp }), expand });
  }
  const { chown = '', chmod = '', link = false, exclude = [] } = flags;
  return { sources, files, destination, chown, chmod, link, exclude };
}

// What a Dockerfile is made of before its instructions are understood: logical lines with their place, flags and heredocs.

/** Line and column count from 1, as editors show them; `end` is behind the last character. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Range {
  readonly start: Position;
  readonly end: Position;
}

/** What is wrong with a Dockerfile, in the words that Docker uses. Without errors the value can be built. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  /** With `dockerfile parse error on line N: ` in front where Docker says so. */
  readonly message: string;
  readonly range: Range;
}

/** A value that is there as far as it could be read, and all that was wrong on the way. */
export interface Parsed<T> {
  readonly value: T;
  readonly problems: readonly Problem[];
}

export type DirectiveName = 'syntax' | 'escape' | 'check';

/** `# name=value` at the head of the file. */
export interface Directive {
  readonly name: DirectiveName;
  readonly value: string;
  readonly range: Range;
}

/** `<<NAME`: the word on the line and the lines that belong to it. */
export interface Heredoc {
  readonly name: string;
  /** The number before `<<`, 0 when there is none. */
  readonly descriptor: number;
  /** False when a part of the word was quoted: then variables in the content stay as they are. */
  readonly expand: boolean;
  /** `<<-`: tabs at the beginning of lines go away. */
  readonly chomp: boolean;
  /** As written, before tabs are taken away. */
  readonly content: string;
}

/** One logical line: continuations joined, comments inside taken out. */
export interface Node {
  /** The instruction as written; its case may matter to a check. */
  readonly keyword: string;
  /** `--name=value` words before the arguments, unquoted. */
  readonly flags: readonly string[];
  /** What is behind the flags, trimmed. */
  readonly rest: string;
  /** The joined line, trimmed: what histories and progress displays show. */
  readonly original: string;
  readonly heredocs: readonly Heredoc[];
  /** Comments right above, without `#`. */
  readonly comments: readonly string[];
  readonly range: Range;
  /** A line inside the continuation was empty. Docker means to forbid that one day. */
  readonly emptyContinuation: boolean;
}

/** A heredoc's content as the program or file gets it. */
export function heredocText(heredoc: Pick<Heredoc, 'content' | 'chomp'>): string {
  return heredoc.chomp ? heredoc.content.replace(/^\t+/gm, '') : heredoc.content;
}

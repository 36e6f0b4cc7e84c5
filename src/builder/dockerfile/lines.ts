// Bytes of a Dockerfile -> logical lines: directives, comments, continuations and heredocs taken apart.
import { dropEnd } from '../../base/ends.ts';
import type { Directive, Heredoc, Node, Parsed, Position, Problem } from './syntax/ast.ts';
import { DirectiveReader } from './directives.ts';
import { Failure } from './syntax/failure.ts';
import { heredocsOf } from './syntax/heredocs.ts';
import { trim, trimLeft } from './syntax/space.ts';
import { splitLine } from './syntax/split-words.ts';

/** Docker's limit for one physical line. */
export const MAX_LINE_BYTES = 65535;

/** An instruction with all its lines; the kernel takes no argument of a program that is half as long. */
export const MAX_INSTRUCTION_CHARACTERS = 256 * 1024;

/** Each may become a step with its own question to the cache. */
export const MAX_INSTRUCTIONS = 10_000;

export interface Lines {
  readonly directives: readonly Directive[];
  /** `\` or a backquote. */
  readonly escape: string;
  readonly nodes: readonly Node[];
}

/** Reads what can be read; after a fault in the lines themselves nothing more is. */
export function readLines(text: string): Parsed<Lines> {
  const reader = new LineReader(text);
  reader.run();
  const { directives, escape, nodes, problems } = reader;
  return { value: { directives, escape, nodes }, problems };
}

const isComment = (line: string): boolean => trimLeft(line).startsWith('#');
const withoutNewline = (line: string): string => dropEnd(line, '\r\n');

/** Instructions whose arguments may ask for heredocs, themselves or behind ONBUILD. */
function takesHeredocs(keyword: string, rest: string, escape: string): boolean {
  if (keyword.toLowerCase() === 'onbuild') {
    const inner = splitLine(rest, escape);
    return takesHeredocs(
      inner.keyword === '' || inner.keyword.toLowerCase() === 'onbuild' ? '' : inner.keyword,
      inner.rest,
      escape,
    );
  }
  if (!['add', 'copy', 'run'].includes(keyword.toLowerCase())) return false;
  return !isStringArray(rest);
}

function isStringArray(rest: string): boolean {
  if (!rest.startsWith('[')) return false;
  try {
    const value: unknown = JSON.parse(rest);
    return Array.isArray(value) && value.every((item) => typeof item === 'string');
  } catch {
    return false;
  }
}

class LineReader {
  readonly problems: Problem[] = [];
  readonly nodes: Node[] = [];
  escape = '\\';
  #directives = new DirectiveReader();
  readonly #text: string;
  /** Where the next physical line begins. */
  #at: number;
  /** Physical lines that were taken. */
  #next = 0;
  /** The last of them, with its end: heredocs need it. */
  #taken = '';
  /** The physical line on which the logical one began, from 1. */
  #first = 1;
  #comments: string[] = [];

  constructor(text: string) {
    this.#text = text;
    this.#at = text.startsWith('\ufeff') ? 1 : 0;
  }

  get directives(): readonly Directive[] {
    return this.#directives.found;
  }

  run(): void {
    try {
      while (this.#hasMore()) this.#instruction();
      if (this.nodes.length === 0) this.#fail('file with no instructions');
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#fail(error.message);
    }
  }

  #fail(message: string): void {
    const last = Math.max(this.#next, 1);
    const start = { line: Math.min(this.#first, last), column: 1 };
    this.problems.push({ severity: 'error', message, range: { start, end: this.#end(last) } });
  }

  #hasMore(): boolean {
    return this.#at < this.#text.length;
  }

  /** Of the line that was taken last. */
  #end(line = this.#next): Position {
    return { line, column: withoutNewline(this.#taken).length + 1 };
  }

  #take(): string {
    const end = this.#text.indexOf('\n', this.#at) + 1 || this.#text.length;
    const line = this.#text.slice(this.#at, end);
    this.#at = end;
    this.#taken = line;
    this.#next += 1;
    if (line.length > MAX_LINE_BYTES / 4 && Buffer.byteLength(line) > MAX_LINE_BYTES) {
      throw new Failure(`dockerfile line greater than max allowed size of ${MAX_LINE_BYTES}`);
    }
    return line;
  }

  /** Directives are looked for in every line until one is none. */
  #directive(line: string): boolean {
    const directive = this.#directives.read(line, this.#next);
    if (directive?.name !== 'escape') return directive !== undefined;
    if (directive.value !== '\\' && directive.value !== '`') {
      throw new Failure(`invalid escape token '${directive.value}' does not match \` or \\`);
    }
    this.escape = directive.value;
    return true;
  }

  /** The line without an escape character at its end, and whether the next line belongs to it. */
  #continued(line: string): { text: string; goesOn: boolean } {
    let end = line.length;
    while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end -= 1;
    const goesOn = line[end - 1] === this.escape && line[end - 2] !== this.escape;
    return goesOn ? { text: line.slice(0, end - 1), goesOn } : { text: line, goesOn };
  }

  #instruction(): void {
    const raw = this.#take();
    this.#first = this.#next;
    const line = trimLeft(withoutNewline(raw));
    if (line === '') {
      this.#directive(line);
      return;
    }
    if (line.startsWith('#')) {
      const comment = trim(raw.slice(1));
      if (comment === '') this.#comments = [];
      else this.#comments.push(comment);
    }
    if (this.#directive(line)) this.#comments.pop();
    let { text, goesOn } = this.#continued(line.startsWith('#') ? '' : line);
    if (!goesOn && text === '') return;
    let emptyContinuation = false;
    while (goesOn && this.#hasMore()) {
      const more = this.#take();
      if (isComment(more)) continue;
      if (trimLeft(more) === '') {
        emptyContinuation = true;
        continue;
      }
      const part = this.#continued(withoutNewline(more));
      text += part.text;
      if (text.length > MAX_INSTRUCTION_CHARACTERS)
        throw new Failure(`instruction is longer than ${MAX_INSTRUCTION_CHARACTERS} characters`);
      goesOn = part.goesOn;
    }
    if (this.nodes.length === MAX_INSTRUCTIONS) throw new Failure(`more than ${MAX_INSTRUCTIONS} instructions`);
    const { keyword, flags, rest } = splitLine(text, this.escape);
    const heredocs = text.includes('<<') && takesHeredocs(keyword, rest, this.escape) ? this.#heredocs(text) : [];
    const start = { line: this.#first, column: withoutNewline(raw).length - line.length + 1 };
    const range = { start, end: this.#end() };
    const comments = this.#comments;
    this.#comments = [];
    this.nodes.push({ keyword, flags, rest, original: trim(text), heredocs, comments, range, emptyContinuation });
  }

  #heredocs(text: string): Heredoc[] {
    return heredocsOf(text).map((heredoc) => {
      let content = '';
      while (this.#hasMore()) {
        const line = this.#take();
        const bare = withoutNewline(line);
        if ((heredoc.chomp ? bare.replace(/^\t+/, '') : bare) === heredoc.name) return { ...heredoc, content };
        content += line;
      }
      throw new Failure('unterminated heredoc');
    });
  }
}

// Bytes of a Dockerfile -> logical lines: directives, comments, continuations and heredocs taken apart.
import { dropEnd } from '../../base/ends.ts';
import type { Directive, Heredoc, Node, Parsed, Position, Problem } from './ast.ts';
import { DirectiveReader } from './directives.ts';
import { Failure } from './failure.ts';
import { heredocsOf } from './heredocs.ts';
import { trim, trimLeft } from './space.ts';
import { splitLine } from './words.ts';

/** Docker's limit for one physical line. */
export const MAX_LINE_BYTES = 65535;

/** An instruction with all its lines; the kernel takes no argument of a program that is half as long. */
export const MAX_INSTRUCTION_CHARACTERS = 256 * 1024;

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

function linesOf(text: string): string[] {
  const lines: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at) + 1 || text.length;
    lines.push(text.slice(at, end));
    at = end;
  }
  return lines;
}

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
  #lines: readonly string[];
  /** The physical line that comes next, from 0. */
  #next = 0;
  /** The physical line on which the logical one began, from 1. */
  #first = 1;
  #comments: string[] = [];

  constructor(text: string) {
    // Every line keeps its end, as heredocs need it.
    this.#lines = linesOf(text.replace(/^\ufeff/, ''));
  }

  get directives(): readonly Directive[] {
    return this.#directives.found;
  }

  run(): void {
    try {
      while (this.#next < this.#lines.length) this.#instruction();
      if (this.nodes.length === 0) this.#fail('file with no instructions');
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#fail(error.message);
    }
  }

  #fail(message: string): void {
    const last = Math.max(this.#next, 1);
    const start = { line: Math.min(this.#first, last), column: 1 };
    this.problems.push({ severity: 'error', message, range: { start, end: this.#endOf(last) } });
  }

  #endOf(line: number): Position {
    return { line, column: withoutNewline(this.#lines[line - 1] ?? '').length + 1 };
  }

  #take(): string {
    const line = this.#lines[this.#next] ?? '';
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
    const match = this.escape === '`' ? /(^|[^`])`[ \t]*$/.exec(line) : /(^|[^\\])\\[ \t]*$/.exec(line);
    return match
      ? { text: line.slice(0, match.index) + (match[1] ?? ''), goesOn: true }
      : { text: line, goesOn: false };
  }

  #instruction(): void {
    const raw = this.#take();
    this.#first = this.#next;
    const line = trimLeft(withoutNewline(raw));
    if (isComment(raw)) {
      const comment = trim(raw.slice(1));
      if (comment === '') this.#comments = [];
      else this.#comments.push(comment);
    }
    if (this.#directive(line)) this.#comments.pop();
    let { text, goesOn } = this.#continued(line.startsWith('#') ? '' : line);
    if (!goesOn && text === '') return;
    let emptyContinuation = false;
    while (goesOn && this.#next < this.#lines.length) {
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
    const { keyword, flags, rest } = splitLine(text, this.escape);
    const heredocs = text.includes('<<') && takesHeredocs(keyword, rest, this.escape) ? this.#heredocs(text) : [];
    const start = { line: this.#first, column: withoutNewline(raw).length - line.length + 1 };
    const range = { start, end: this.#endOf(this.#next) };
    const comments = this.#comments;
    this.#comments = [];
    this.nodes.push({ keyword, flags, rest, original: trim(text), heredocs, comments, range, emptyContinuation });
  }

  #heredocs(text: string): Heredoc[] {
    return heredocsOf(text).map((heredoc) => {
      let content = '';
      while (this.#next < this.#lines.length) {
        const line = this.#take();
        const bare = withoutNewline(line);
        if ((heredoc.chomp ? bare.replace(/^\t+/, '') : bare) === heredoc.name) return { ...heredoc, content };
        content += line;
      }
      throw new Failure('unterminated heredoc');
    });
  }
}

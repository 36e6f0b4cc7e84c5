// Parser directives: comments of the form `# name=value` at the very top of a Dockerfile.
import type { Directive, DirectiveName } from './syntax/ast.ts';
import { Failure } from './syntax/failure.ts';
import { trimLeft } from './syntax/space.ts';

const FORM = /^([a-zA-Z][a-zA-Z0-9]*)\s*=(?=.)/;
const NAMES: readonly DirectiveName[] = ['syntax', 'escape', 'check'];

/** Takes lines one after the other; the first that is no directive ends them for good. */
export class DirectiveReader {
  readonly found: Directive[] = [];
  readonly #comment: string;
  #over = false;

  constructor(comment = '#') {
    this.#comment = comment;
  }

  get over(): boolean {
    return this.#over;
  }

  /** The directive on this line. Throws a Failure when it is there for the second time. */
  read(line: string, number: number): Directive | undefined {
    if (this.#over) return undefined;
    const match = line.startsWith(this.#comment) ? FORM.exec(trimLeft(line.slice(this.#comment.length))) : null;
    const behind = match ? line.slice(line.indexOf('=') + 1) : '';
    // of blanks alone the last one is the value, as Docker has it
    const value = behind.trim() || behind.slice(-1);
    const name = NAMES.find((known) => known === match?.[1]?.toLowerCase());
    if (!name || value === '') {
      this.#over = true;
      return undefined;
    }
    if (this.found.some((directive) => directive.name === name)) {
      throw new Failure(`only one ${name} parser directive can be used`, true);
    }
    const range = { start: { line: number, column: 1 }, end: { line: number, column: line.length + 1 } };
    const directive = { name, value, range };
    this.found.push(directive);
    return directive;
  }
}

/** The frontend that a file asks for. */
export function syntaxOf(text: string): string | undefined {
  return directiveOf(text, 'syntax');
}

/**
 * What is asked of the frontend as a whole, as in `# syntax=`, `// syntax=` or `{"syntax": …}`, a `#!` line before it being allowed.
 * Undefined for most files.
 */
export function directiveOf(text: string, wanted: 'syntax' | 'check'): string | undefined {
  let from = text.startsWith('\ufeff') ? 1 : 0;
  let first = 1;
  if (text.startsWith('#!', from)) {
    from = text.indexOf('\n', from) + 1 || text.length;
    first = 2;
  }
  for (const comment of ['#', '//']) {
    const reader = new DirectiveReader(comment);
    let number = first;
    for (let at = from; at < text.length && !reader.over; number += 1) {
      const end = text.indexOf('\n', at) + 1 || text.length + 1;
      try {
        reader.read(text.slice(at, end - 1).replace(/\r$/, ''), number);
      } catch {
        break;
      }
      at = end;
    }
    const found = reader.found.find(({ name }) => name === wanted);
    if (found) return found.value.split(' ')[0];
  }
  if (!/^[ \t\r\n]*\{/.test(from === 0 ? text : text.slice(from))) return undefined;
  try {
    const value: unknown = JSON.parse(text.slice(from));
    const one = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[wanted] : undefined;
    return typeof one === 'string' ? one : undefined;
  } catch {
    return undefined;
  }
}

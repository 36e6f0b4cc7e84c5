// Go's text/template, the part of it that docker's --format uses.
import type { ParsedTemplate } from './ast.ts';
import { TemplateError } from './ast.ts';
import { execute, type ExecuteOptions } from './execute.ts';
import { FUNCTIONS, HEADER_FUNCTIONS } from './functions.ts';
import { parseTemplate } from './parse.ts';

export { GoDuration, shownAs, typed, writtenAs } from './types.ts';
export { EmptyStruct } from './show.ts';
export { TemplateError } from './ast.ts';
export { indentJson, NilMap, NilSlice, parseJson, ROW, toJson } from './json.ts';

const NAMES = new Set(Object.keys(FUNCTIONS));

export class Template {
  readonly #source: string;
  readonly #body: ParsedTemplate;
  readonly #name: string;

  /** Throws TemplateError: `template: name:line: what`. */
  constructor(source: string, name = '') {
    this.#source = source;
    this.#name = name;
    try {
      this.#body = parseTemplate(source, NAMES);
    } catch (error) {
      throw this.#named(error);
    }
  }

  /** Throws TemplateError: `template: name:line:column: executing … at <…>: what`. */
  run(dot: unknown, options: Omit<ExecuteOptions, 'functions'> = {}): string {
    return this.#run(dot, { ...options, functions: FUNCTIONS });
  }

  /** The header line of a table: titles in the place of values. */
  header(titles: unknown): string {
    return this.#run(titles, { functions: HEADER_FUNCTIONS, lenient: true });
  }

  #run(dot: unknown, options: ExecuteOptions): string {
    try {
      return execute(this.#source, this.#body, dot, options);
    } catch (error) {
      throw this.#named(error);
    }
  }

  #named(error: unknown): unknown {
    if (!(error instanceof TemplateError)) return error;
    return new TemplateError(
      `template: ${this.#name}:${error.message.replace('executing ""', `executing "${this.#name}"`)}`,
    );
  }
}

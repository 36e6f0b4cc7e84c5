// Runs a parsed template over a value.
import {
  type At,
  type CommandNode,
  type Operand,
  type ParsedTemplate,
  type Pipeline,
  type Statement,
  TemplateError,
} from './ast.ts';
import { ARITY, LEAST, type TemplateFunction, typeName } from './functions.ts';
import { isRecord, show, truthy } from './show.ts';
import { goType } from './types.ts';

export interface ExecuteOptions {
  readonly functions: Readonly<Record<string, TemplateFunction>>;
  /** the Go type that errors name for the top value; without it the value is a map and a missing key is said as such */
  readonly typeName?: string;
  /** a missing field prints `<no value>` */
  readonly lenient?: boolean;
  /** names that are found whatever their case, as Go's struct fields differ from their JSON names */
  readonly ignoreCase?: boolean;
  /** methods of texts, by the name of the field that holds the text; under '' those of keys of maps */
  readonly methods?: Readonly<Record<string, Readonly<Record<string, (text: string) => unknown>>>>;
  /** the value is JSON without types: errors name none */
  readonly untyped?: boolean;
}

/** Templates that run each other go no deeper. */
const MAX_DEPTH = 1000;
/** Statements that run, each once for every variable that it sees, with values that are looked up and rounds of loops: less than a second. */
const MAX_STEPS = 1_000_000;
/** In what is printed, and in all that functions are given and make. */
const MAX_TEXT_CHARACTERS = 16 * 1024 * 1024;

function longText(): TemplateError {
  return new TemplateError(`a text of more than ${MAX_TEXT_CHARACTERS} characters`);
}

class Break extends Error {}
class Continue extends Error {}
const NO_VALUE = Symbol('no value');

/** Throws TemplateError with `line:column: executing "" at <…>: …`. */
export function execute(source: string, parsed: ParsedTemplate, dot: unknown, options: ExecuteOptions): string {
  return new Run(source, dot, options, parsed.defined).walk(parsed.body, dot, [['$', dot]]);
}

type Scope = [string, unknown][];

class Run {
  readonly #source: string;
  readonly #root: unknown;
  readonly #options: ExecuteOptions;

  readonly #defined: ParsedTemplate['defined'];
  #depth = 0;
  #steps = 0;
  /** Characters and members of lists that functions were given or made. */
  #handled = 0;

  constructor(source: string, root: unknown, options: ExecuteOptions, defined: ParsedTemplate['defined']) {
    this.#defined = defined;
    this.#source = source;
    this.#root = root;
    this.#options = options;
  }

  walk(body: readonly Statement[], dot: unknown, scope: Scope): string {
    let out = '';
    for (const one of body) {
      this.#step(scope.length);
      if (out.length > MAX_TEXT_CHARACTERS) throw longText();
      switch (one.kind) {
        case 'text':
          out += one.text;
          break;
        case 'action': {
          const value = this.#pipeline(one.pipeline, dot, scope);
          if (one.pipeline.declares.length === 0) out += value === NO_VALUE ? '<no value>' : show(value);
          break;
        }
        case 'if':
        case 'with': {
          const inner: Scope = [...scope];
          const value = this.#pipeline(one.pipeline, dot, inner);
          const yes = value !== NO_VALUE && truthy(value);
          out += this.walk(yes ? one.body : one.otherwise, yes && one.kind === 'with' ? value : dot, inner);
          break;
        }
        case 'range':
          out += this.#range(one, dot, scope);
          break;
        case 'template':
          out += this.#template(one, dot, scope);
          break;
        case 'break':
          throw new Break(out);
        case 'continue':
          throw new Continue(out);
      }
    }
    return out;
  }

  #step(count: number): void {
    if ((this.#steps += count) > MAX_STEPS) throw new TemplateError(`more than ${MAX_STEPS} steps`);
  }

  /** A text that is doubled twenty times is short in the template, and long work for each function. */
  #handle(value: unknown): void {
    if (typeof value !== 'string' && !Array.isArray(value)) return;
    if ((this.#handled += value.length) > MAX_TEXT_CHARACTERS) throw longText();
  }

  #template(one: Extract<Statement, { kind: 'template' }>, dot: unknown, scope: Scope): string {
    const body = this.#defined.get(one.name);
    if (!body) throw this.#bad(one.at, `template ${JSON.stringify(one.name)} not defined`);
    const inner = one.pipeline ? this.#pipeline(one.pipeline, dot, [...scope]) : NO_VALUE;
    if (this.#depth >= MAX_DEPTH) throw this.#bad(one.at, `exceeded maximum template depth (${MAX_DEPTH})`);
    this.#depth += 1;
    try {
      return this.walk(body, inner, [['$', inner]]);
    } finally {
      this.#depth -= 1;
    }
  }

  #range(one: Extract<Statement, { kind: 'range' }>, dot: unknown, scope: Scope): string {
    const value = this.#pipeline(one.pipeline, dot, scope, true);
    if (typeof value === 'number') this.#step(Math.max(0, value));
    const items = this.#items(value, one.pipeline);
    this.#step(items.length * scope.length);
    if (items.length === 0) return this.walk(one.otherwise, dot, [...scope]);
    const names = one.pipeline.declares;
    let out = '';
    for (const [key, item] of items) {
      const inner: Scope = [...scope];
      if (names.length === 1) inner.push([names[0] ?? '', item]);
      if (names.length === 2) inner.push([names[0] ?? '', key], [names[1] ?? '', item]);
      try {
        out += this.walk(one.body, item, inner);
        if (out.length > MAX_TEXT_CHARACTERS) throw longText();
      } catch (stop) {
        if (!(stop instanceof Break) && !(stop instanceof Continue)) throw stop;
        out += stop.message;
        if (stop instanceof Break) break;
      }
    }
    return out;
  }

  #items(value: unknown, at: At): [unknown, unknown][] {
    if (value === null || value === undefined || value === NO_VALUE) return [];
    if (Array.isArray(value)) return value.map((item, i) => [i, item]);
    if (value instanceof Map) return [...(value as Map<string, unknown>)].sort(([a], [b]) => (a < b ? -1 : 1));
    if (typeof value === 'number') return Array.from({ length: value }, (_, i) => [i, i]);
    if (isRecord(value)) return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    throw this.#bad(at, `range can't iterate over ${show(value)}`);
  }

  #pipeline(pipeline: Pipeline, dot: unknown, scope: Scope, loop = false): unknown {
    let value: unknown = NO_VALUE;
    let first = true;
    for (const command of pipeline.commands) {
      value = this.#command(command, dot, scope, first ? [] : [value === NO_VALUE ? undefined : value]);
      first = false;
    }
    if (!loop) {
      for (const name of pipeline.declares) {
        const known = pipeline.assigns ? scope.findLast(([one]) => one === name) : undefined;
        if (known) known[1] = value;
        else scope.push([name, value]);
      }
    }
    return value;
  }

  #command(command: CommandNode, dot: unknown, scope: Scope, piped: unknown[]): unknown {
    const [head, ...rest] = command.operands;
    if (!head) return NO_VALUE;
    if (head.kind === 'function') {
      if (head.name === 'call' && (rest.length > 0 || piped.length > 0))
        throw this.#uncallable(command, rest, dot, scope);
      if ((head.name === 'and' || head.name === 'or') && rest.length > 0 && piped.length === 0)
        return this.#lazy(head.name, rest, dot, scope);
      const args = rest.map((one) => this.#value(one, dot, scope));
      return this.#call(head.name, head, [...args, ...piped], command);
    }
    if (head.kind === 'field' || head.kind === 'chain' || head.kind === 'variable') {
      const args = [...rest.map((one) => this.#value(one, dot, scope)), ...piped];
      return this.#operand(head, dot, scope, args);
    }
    if (head.kind === 'nil') throw this.#bad(head, 'nil is not a command');
    if (rest.length > 0 || piped.length > 0) throw this.#bad(head, `can't give argument to non-function ${head.text}`);
    return this.#operand(head, dot, scope, []);
  }

  /** No value that a template can reach is a function. */
  #uncallable(command: At, [first]: readonly Operand[], dot: unknown, scope: Scope): TemplateError {
    const value = first ? this.#value(first, dot, scope) : undefined;
    return this.#bad(command, `error calling call: non-function ${first?.text ?? ''} of type ${typeName(value)}`);
  }

  #lazy(name: string, operands: readonly Operand[], dot: unknown, scope: Scope): unknown {
    let value: unknown;
    for (const one of operands) {
      value = this.#value(one, dot, scope);
      if (truthy(value) === (name === 'or')) return value;
    }
    return value;
  }

  #call(name: string, head: At, args: unknown[], at: At = head): unknown {
    this.#count(name, head, args.length, ARITY[name]);
    const least = LEAST[name] ?? 0;
    if (args.length < least)
      throw this.#bad(head, `wrong number of args for ${name}: want at least ${least} got ${args.length}`);
    this.#step(1);
    try {
      for (const one of args) this.#handle(one);
      const value = this.#options.functions[name]?.(...args);
      this.#handle(value);
      return value;
    } catch (error) {
      if (error instanceof TemplateError) throw error;
      const said = error instanceof Error ? error.message : String(error);
      throw this.#bad(
        at,
        said.startsWith('wrong type') || said.startsWith('error calling') ? said : `error calling ${name}: ${said}`,
      );
    }
  }

  #value(operand: Operand, dot: unknown, scope: Scope): unknown {
    const value =
      operand.kind === 'function' ? this.#call(operand.name, operand, []) : this.#operand(operand, dot, scope, []);
    return value === NO_VALUE ? undefined : value;
  }

  #operand(operand: Operand, dot: unknown, scope: Scope, args: unknown[]): unknown {
    this.#step(operand.kind === 'variable' ? scope.length : 1);
    switch (operand.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return null;
      case 'constant':
        return operand.value;
      case 'field':
        return this.#path(dot, operand.path, operand, args);
      case 'variable':
        return this.#path(scope.findLast(([name]) => name === operand.name)?.[1], operand.path, operand, args);
      case 'chain':
        return this.#path(this.#value(operand.of, dot, scope), operand.path, operand, args);
      case 'pipeline':
        return this.#pipeline(operand.pipeline, dot, [...scope]);
      case 'function':
      default:
        return this.#call(operand.name, operand, args);
    }
  }

  #path(start: unknown, path: readonly string[], at: At, args: unknown[]): unknown {
    let value = start;
    for (const [i, name] of path.entries()) {
      value = this.#field(value, name, at, i === path.length - 1 ? args : [], path[i - 1] ?? '');
      if (value === NO_VALUE) return value;
    }
    return value;
  }

  /** `holder`: the field that `on` is the value of. */
  #field(on: unknown, name: string, at: At, args: unknown[], holder: string): unknown {
    if (on === null || on === undefined) {
      if (this.#options.lenient) return NO_VALUE;
      throw this.#bad(at, `nil pointer evaluating interface {}.${name}`);
    }
    if (on instanceof Map) return (on as Map<string, unknown>).get(name) ?? NO_VALUE;
    if (typeof on === 'string') {
      const method = this.#options.methods?.[holder]?.[name];
      if (method) return method(on);
    }
    if (!isRecord(on)) {
      const type = typeof on === 'string' && !this.#options.untyped ? 'string' : 'interface {}';
      throw this.#bad(at, `can't evaluate field ${name} in type ${type}`);
    }
    const found = this.#key(on, name);
    if (found !== undefined) {
      const value = on[found];
      if (typeof value !== 'function') return value;
      this.#count(name, at, args.length, value.length);
      return (value as TemplateFunction).apply(on, args);
    }
    const type = goType(on);
    if (this.#options.lenient || type?.startsWith('map[')) return NO_VALUE;
    if (type !== undefined) throw this.#bad(at, `can't evaluate field ${name} in type ${type}`);
    if (on === this.#root && this.#options.typeName !== undefined) {
      throw this.#bad(at, `can't evaluate field ${name} in type ${this.#options.typeName}`);
    }
    throw this.#bad(at, `map has no entry for key ${JSON.stringify(name)}`);
  }

  #key(on: Record<string, unknown>, name: string): string | undefined {
    if (name in on && !(name in Object.prototype)) return name;
    if (!this.#options.ignoreCase) return undefined;
    return Object.keys(on).find((key) => key.toLowerCase() === name.toLowerCase());
  }

  #count(name: string, at: At, got: number, want: number | undefined): void {
    if (want !== undefined && got !== want)
      throw this.#bad(at, `wrong number of args for ${name}: want ${want} got ${got}`);
  }

  #bad(at: At, what: string): TemplateError {
    const before = this.#source.slice(0, at.pos);
    const line = before.split('\n').length;
    const column = Buffer.byteLength(before.slice(before.lastIndexOf('\n') + 1));
    return new TemplateError(`${line}:${column}: executing "" at <${at.text}>: ${what}`);
  }
}

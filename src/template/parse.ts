// Parses a Go template into statements; errors are those of text/template.
import {
  type CommandNode,
  type Operand,
  type ParsedTemplate,
  type Pipeline,
  type Statement,
  TemplateError,
} from './ast.ts';
import { lex, lineOf, type Token } from './lex.ts';

/** Throws TemplateError with `line: what`. `functions` are the names that may be called. */
export function parseTemplate(source: string, functions: ReadonlySet<string>): ParsedTemplate {
  return new Parser(source, functions).whole();
}

const KEYWORDS = new Set(['if', 'else', 'end', 'range', 'with', 'break', 'continue', 'template', 'define', 'block']);

/** Clauses and parentheses in each other. */
const MAX_DEPTH = 500;

/** The longest argument that the kernel passes to a program. */
export const MAX_TEMPLATE_CHARACTERS = 128 * 1024;

/** Names that are known at a place; an inner one may be that of an outer one. */
class Variables {
  readonly #stack: string[] = ['$'];
  readonly #counts = new Map([['$', 1]]);

  get length(): number {
    return this.#stack.length;
  }

  has(name: string): boolean {
    return this.#counts.has(name);
  }

  declare(names: readonly string[]): void {
    for (const name of names) {
      this.#stack.push(name);
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    }
  }

  /** All but the first so many. */
  forget(kept: number): void {
    for (const name of this.#stack.splice(kept)) {
      const left = (this.#counts.get(name) ?? 1) - 1;
      if (left === 0) this.#counts.delete(name);
      else this.#counts.set(name, left);
    }
  }
}

class Parser {
  #depth = 0;
  readonly #source: string;
  readonly #functions: ReadonlySet<string>;
  readonly #tokens: readonly Token[];
  #at = 0;
  #variables = new Variables();
  #loops = 0;
  readonly #defined = new Map<string, readonly Statement[]>();

  constructor(source: string, functions: ReadonlySet<string>) {
    this.#source = source;
    this.#functions = functions;
    if (source.length > MAX_TEMPLATE_CHARACTERS)
      throw new TemplateError(`1: longer than ${MAX_TEMPLATE_CHARACTERS} characters`);
    this.#tokens = lex(source);
  }

  whole(): ParsedTemplate {
    const { body, stop } = this.#list(true);
    if (stop === 'end') throw this.#bad('unexpected {{end}}');
    if (stop === 'else') throw this.#bad('unexpected {{else}}');
    return { body, defined: this.#defined };
  }

  #bad(what: string, token: Token = this.#peek()): TemplateError {
    return new TemplateError(`${lineOf(this.#source, Math.min(token.pos, this.#source.length))}: ${what}`);
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '', pos: this.#source.length };
  }

  #next(): Token {
    const token = this.#peek();
    this.#at += 1;
    return token;
  }

  #skipSpace(): boolean {
    if (this.#peek().kind !== 'space') return false;
    this.#at += 1;
    return true;
  }

  /** What `parse` reads lies within what is read at the moment. */
  #within<T>(parse: () => T): T {
    if (this.#depth >= MAX_DEPTH) throw this.#bad(`clauses and parentheses deeper than ${MAX_DEPTH}`);
    this.#depth += 1;
    const parsed = parse();
    this.#depth -= 1;
    return parsed;
  }

  #list(top = false): { body: Statement[]; stop: 'end' | 'else' | 'eof' } {
    const body: Statement[] = [];
    for (;;) {
      const token = this.#next();
      if (token.kind === 'end') return { body, stop: 'eof' };
      if (token.kind === 'text') {
        body.push({ kind: 'text', text: token.text });
        continue;
      }
      this.#skipSpace();
      const word = this.#peek();
      if (word.kind !== 'identifier' || !KEYWORDS.has(word.text)) {
        const pipeline = this.#pipeline('command', 'close');
        body.push({ kind: 'action', pipeline });
        continue;
      }
      this.#at += 1;
      switch (word.text) {
        case 'end':
          this.#close('end');
          return { body, stop: 'end' };
        case 'else':
          return { body, stop: 'else' };
        case 'break':
        case 'continue':
          if (this.#loops === 0) throw this.#bad(`{{${word.text}}} outside {{range}}`, word);
          this.#close(word.text);
          body.push({ kind: word.text });
          break;
        case 'if':
        case 'with':
        case 'range': {
          const kind = word.text;
          body.push(this.#within(() => this.#control(kind)));
          break;
        }
        case 'define':
          if (!top) throw this.#bad('unexpected <define> in command', word);
          this.#define();
          break;
        case 'template':
        case 'block':
          body.push(this.#template(word.text));
          break;
        default:
          throw this.#bad(`unexpected {{${word.text}}}`, word);
      }
    }
  }

  #define(): void {
    const name = this.#name('define clause');
    this.#close('define clause');
    this.#keep(
      name,
      this.#within(() => this.#separate('define clause')),
    );
  }

  /** `template` runs what has that name; `block` says at once what that is. */
  #template(kind: 'template' | 'block'): Statement {
    const context = kind === 'block' ? 'block clause' : 'template clause';
    this.#skipSpace();
    const { pos } = this.#peek();
    const name = this.#name(context);
    this.#skipSpace();
    let pipeline: Pipeline | undefined;
    if (kind === 'block' || this.#peek().kind !== 'close') pipeline = this.#pipeline(context, 'close');
    else this.#close(context);
    if (kind === 'block')
      this.#keep(
        name,
        this.#within(() => this.#separate(context)),
      );
    const given = pipeline ? ` ${pipeline.text}` : '';
    return { kind: 'template', name, pipeline, at: { pos, text: `{{template ${JSON.stringify(name)}${given}}}` } };
  }

  #name(context: string): string {
    this.#skipSpace();
    const token = this.#next();
    if (token.kind !== 'string') throw this.#bad(`unexpected ${shown(token)} in ${context}`, token);
    return token.text.startsWith('`') ? token.text.slice(1, -1) : unquote(token.text);
  }

  /** A body of its own, up to its end: it sees no variables from outside. */
  #separate(context: string): readonly Statement[] {
    const [variables, loops] = [this.#variables, this.#loops];
    this.#variables = new Variables();
    this.#loops = 0;
    const { body, stop } = this.#list();
    if (stop === 'eof') throw this.#bad('unexpected EOF');
    if (stop === 'else') throw this.#bad(`unexpected {{else}} in ${context}`);
    this.#variables = variables;
    this.#loops = loops;
    return body;
  }

  /** A body that prints nothing does not take the place of one that does. */
  #keep(name: string, body: readonly Statement[]): void {
    const says = body.some((one) => one.kind !== 'text' || one.text.trim() !== '');
    const before = this.#defined.get(name);
    if (before && before.length > 0 && says)
      throw this.#bad(`template: multiple definition of template ${JSON.stringify(name)}`);
    if (!before || says) this.#defined.set(name, body);
  }

  #close(context: string): void {
    this.#skipSpace();
    const token = this.#next();
    if (token.kind !== 'close') throw this.#bad(`unexpected ${shown(token)} in ${context}`, token);
  }

  #control(kind: 'if' | 'with' | 'range'): Statement {
    const known = this.#variables.length;
    const pipeline = this.#pipeline(kind, 'close');
    if (kind === 'range') this.#loops += 1;
    const first = this.#list();
    if (kind === 'range') this.#loops -= 1;
    let otherwise: Statement[] = [];
    if (first.stop === 'else') {
      this.#skipSpace();
      const word = this.#peek();
      if (kind !== 'range' && word.kind === 'identifier' && word.text === kind) {
        this.#at += 1;
        otherwise = [this.#within(() => this.#control(kind))];
      } else {
        this.#close('else');
        const second = this.#list();
        if (second.stop === 'else') throw this.#bad('expected end; found {{else}}');
        if (second.stop === 'eof') throw this.#bad('unexpected EOF');
        otherwise = second.body;
      }
    } else if (first.stop === 'eof') throw this.#bad('unexpected EOF');
    this.#variables.forget(known);
    return { kind, pipeline, body: first.body, otherwise };
  }

  #pipeline(context: string, stop: 'close' | ')'): Pipeline {
    this.#skipSpace();
    const start = this.#peek();
    const declares: string[] = [];
    let assigns = false;
    const saved = this.#at;
    if (start.kind === 'variable') {
      const names = [this.#next().text];
      this.#skipSpace();
      if (this.#peek().text === ',' && context === 'range') {
        this.#at += 1;
        this.#skipSpace();
        names.push(this.#next().text);
        this.#skipSpace();
      }
      const mark = this.#peek().text;
      if (mark === ':=' || mark === '=') {
        this.#at += 1;
        assigns = mark === '=';
        declares.push(...names);
      } else this.#at = saved;
    }
    const commands: CommandNode[] = [];
    for (;;) {
      this.#skipSpace();
      const token = this.#peek();
      if (
        (stop === 'close' && token.kind === 'close') ||
        (stop === ')' && token.text === ')' && token.kind === 'mark')
      ) {
        if (commands.length === 0) throw this.#bad(`missing value for ${context}`, token);
        this.#at += 1;
        break;
      }
      if (commands.length > 0) {
        if (token.text !== '|') throw this.#bad(`unexpected ${shown(token)} in ${context}`, token);
        this.#at += 1;
        this.#skipSpace();
        const ends = this.#peek();
        if (ends.kind === 'close' || ends.text === ')') throw this.#bad(`missing value for ${context}`, ends);
      }
      commands.push(this.#command(context));
    }
    if (!assigns) this.#variables.declare(declares);
    for (const later of commands.slice(1)) {
      const first = later.operands[0];
      if (first && (first.kind === 'constant' || first.kind === 'dot' || first.kind === 'nil')) {
        throw this.#bad(`non executable command in pipeline stage ${commands.indexOf(later) + 1}`);
      }
    }
    return { pos: start.pos, text: commands.map((one) => one.text).join(' | '), declares, assigns, commands };
  }

  #command(context: string): CommandNode {
    const operands: Operand[] = [];
    const { pos } = this.#peek();
    for (;;) {
      const operand = this.#operand(context);
      if (!operand) {
        if (operands.length === 0) throw this.#bad(`unexpected ${shown(this.#peek())} in ${context}`);
        break;
      }
      operands.push(operand);
      if (!this.#skipSpace()) break;
      const next = this.#peek();
      if (next.kind === 'close' || next.text === '|' || next.text === ')') break;
    }
    return { pos, text: operands.map((one) => one.text).join(' '), operands };
  }

  #operand(context: string): Operand | undefined {
    const base = this.#term(context);
    if (!base) return undefined;
    if (this.#peek().kind !== 'field') return base;
    const { pos } = this.#peek();
    const path: string[] = [];
    while (this.#peek().kind === 'field') path.push(this.#next().text.slice(1));
    const text = `${base.text}${path.map((name) => `.${name}`).join('')}`;
    if (base.kind === 'field' || base.kind === 'variable') return { ...base, path: [...base.path, ...path], pos, text };
    if (base.kind === 'constant' || base.kind === 'nil' || base.kind === 'dot') {
      throw this.#bad(`unexpected . after term ${JSON.stringify(base.text)}`);
    }
    return { kind: 'chain', of: base, path, pos, text };
  }

  #term(context: string): Operand | undefined {
    const token = this.#peek();
    const { pos, text } = token;
    switch (token.kind) {
      case 'identifier':
        this.#at += 1;
        if (text === 'nil') return { kind: 'nil', pos, text };
        if (text === 'true' || text === 'false') return { kind: 'constant', value: text === 'true', pos, text };
        if (!this.#functions.has(text)) throw this.#bad(`function ${JSON.stringify(text)} not defined`, token);
        return { kind: 'function', name: text, pos, text };
      case 'field':
        this.#at += 1;
        return { kind: 'field', path: [text.slice(1)], pos, text };
      case 'variable':
        this.#at += 1;
        if (!this.#variables.has(text)) throw this.#bad(`undefined variable ${JSON.stringify(text)}`, token);
        return { kind: 'variable', name: text, path: [], pos, text };
      case 'string':
        this.#at += 1;
        return { kind: 'constant', value: text.startsWith('`') ? text.slice(1, -1) : unquote(text), pos, text };
      case 'char':
        this.#at += 1;
        return { kind: 'constant', value: unquote(`"${text.slice(1, -1)}"`).codePointAt(0) ?? 0, pos, text };
      case 'number':
        this.#at += 1;
        return { kind: 'constant', value: Number(text.replaceAll('_', '')), pos, text };
      case 'mark':
        if (text === '.') {
          this.#at += 1;
          return { kind: 'dot', pos, text };
        }
        if (text === '(') {
          this.#at += 1;
          const pipeline = this.#within(() => this.#pipeline(context, ')'));
          return { kind: 'pipeline', pipeline, pos, text: `(${pipeline.text})` };
        }
        return undefined;
      case 'open':
      case 'close':
      case 'space':
      case 'text':
      case 'end':
      default:
        return undefined;
    }
  }
}

function shown(token: Token): string {
  if (token.kind === 'end') return 'EOF';
  const isWord = token.kind === 'identifier' && !KEYWORDS.has(token.text);
  return token.kind === 'close' || token.kind === 'mark' || isWord ? JSON.stringify(token.text) : `<${token.text}>`;
}

function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[0-7]{3}|.)/g, (_, code: string) => {
    const simple = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' }[code];
    if (simple !== undefined) return simple;
    if (/^[ux]./.test(code)) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return /^[0-7]{3}$/.test(code) ? String.fromCharCode(Number.parseInt(code, 8)) : code;
  });
}

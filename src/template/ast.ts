// The parts of a parsed Go template.

export interface At {
  /** byte offset in the template */
  readonly pos: number;
  /** the source as Go prints it in errors */
  readonly text: string;
}

export type Operand =
  | (At & { readonly kind: 'dot' })
  | (At & { readonly kind: 'nil' })
  | (At & { readonly kind: 'field'; readonly path: readonly string[] })
  | (At & { readonly kind: 'variable'; readonly name: string; readonly path: readonly string[] })
  | (At & { readonly kind: 'chain'; readonly of: Operand; readonly path: readonly string[] })
  | (At & { readonly kind: 'constant'; readonly value: unknown })
  | (At & { readonly kind: 'function'; readonly name: string })
  | (At & { readonly kind: 'pipeline'; readonly pipeline: Pipeline });

export interface CommandNode extends At {
  readonly operands: readonly Operand[];
}

export interface Pipeline extends At {
  readonly declares: readonly string[];
  readonly assigns: boolean;
  readonly commands: readonly CommandNode[];
}

export type Statement =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if' | 'with';
      readonly pipeline: Pipeline;
      readonly body: Statement[];
      readonly otherwise: Statement[];
    }
  | { readonly kind: 'range'; readonly pipeline: Pipeline; readonly body: Statement[]; readonly otherwise: Statement[] }
  | { readonly kind: 'template'; readonly name: string; readonly pipeline: Pipeline | undefined; readonly at: At }
  | { readonly kind: 'break' | 'continue' };

/** A parsed template: what it prints, and the templates that it defines by name. */
export interface ParsedTemplate {
  readonly body: readonly Statement[];
  readonly defined: ReadonlyMap<string, readonly Statement[]>;
}

/** A template that does not parse, in Go's words without the leading `template: name:`. */
export class TemplateError extends Error {}

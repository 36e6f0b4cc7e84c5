// How the grammar of Compose files is written down: each value by what it may be. A table of these is all that validation knows.

export type TypeName = 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'object' | 'array';

export type Grammar =
  | { readonly is: 'anything' }
  | {
      readonly is: 'scalar';
      readonly types: readonly TypeName[];
      readonly words?: readonly string[];
      readonly pattern?: RegExp;
    }
  | { readonly is: 'between'; readonly min?: number; readonly max?: number }
  | { readonly is: 'list'; readonly of: Grammar; readonly isUnique: boolean }
  | {
      readonly is: 'mapping';
      /** what may stand in place of the mapping */
      readonly or: readonly TypeName[];
      readonly keys: ReadonlyMap<string, Grammar>;
      readonly required: readonly string[];
      /** keys that are not listed: of this form, when they match */
      readonly others?: { readonly pattern: RegExp; readonly of: Grammar };
      /** keys that begin with `x-` are allowed */
      readonly extends: boolean;
      readonly isOpen: boolean;
    }
  | { readonly is: 'oneOf'; readonly forms: readonly Grammar[] };

export const anything: Grammar = { is: 'anything' };
export const type = (...types: TypeName[]): Grammar => ({ is: 'scalar', types });
export const word = (...words: string[]): Grammar => ({ is: 'scalar', types: ['string'], words });
export const matching = (pattern: RegExp): Grammar => ({ is: 'scalar', types: ['string'], pattern });
export const between = (min?: number, max?: number): Grammar => ({
  is: 'between',
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
});
export const list = (of: Grammar, isUnique = false): Grammar => ({ is: 'list', of, isUnique });
export const oneOf = (...forms: Grammar[]): Grammar => ({ is: 'oneOf', forms });

interface KeyOptions {
  readonly or?: readonly TypeName[];
  readonly required?: readonly string[];
  readonly extends?: boolean;
  readonly open?: boolean;
}

export const keys = (entries: Readonly<Record<string, Grammar>>, options: KeyOptions = {}): Grammar => ({
  is: 'mapping',
  or: options.or ?? [],
  keys: new Map(Object.entries(entries)),
  required: options.required ?? [],
  extends: options.extends ?? true,
  isOpen: options.open ?? false,
});

const open =
  (pattern: RegExp) =>
  (of: Grammar, options: { readonly closed?: boolean } = {}): Grammar => ({
    is: 'mapping',
    or: [],
    keys: new Map(),
    required: [],
    others: { pattern, of },
    extends: false,
    isOpen: options.closed !== true,
  });

export const named = open(/^[a-zA-Z0-9._-]+$/);
export const anyKeys = open(/.+/);
export const lowerKeys = open(/^[a-z]+$/);

export const text = type('string');
export const flag = type('boolean', 'string');
export const textOrFlag = type('string', 'boolean');
export const whole = type('integer', 'string');
export const textOrWhole = type('string', 'integer');
export const number = type('number', 'string');
export const textOrNumber = type('string', 'number');

// Is a tree of the form that the specification gives? The first of the deepest faults is told, in docker compose's words.
import { composeFile } from '../../spec/compose/file.ts';
import type { Grammar, TypeName } from '../../spec/compose/grammar.ts';
import { ComposeError, dotted, type Path } from '../value/error.ts';
import { type Dict, Float, has, isDict, same, Timestamp, typeName, type Value } from '../value/value.ts';

interface Fault {
  readonly path: Path;
  readonly message: string;
  /** the key itself, where the path is that of its holder */
  readonly at?: Path;
  /** deeper ones say more */
  readonly depth: number;
}

/** Throws for the first of the deepest faults. */
export function validate(tree: Dict): void {
  const faults: Fault[] = [];
  visit(tree, composeFile, [], faults);
  let worst: Fault | undefined;
  for (const fault of faults) if (worst === undefined || fault.depth > worst.depth) worst = fault;
  if (worst !== undefined)
    throw new ComposeError(`${dotted(worst.path)} ${worst.message}`, { path: worst.at ?? worst.path });
}

type Walked = (string | number)[];

function within(path: Walked, step: string | number, run: () => void): void {
  path.push(step);
  run();
  path.pop();
}

type Visitor<K extends Grammar['is']> = (
  value: Value,
  grammar: Extract<Grammar, { is: K }>,
  path: Walked,
  faults: Fault[],
) => void;

/** `path` is that of the value, and is the same list all along. */
function visit(value: Value, grammar: Grammar, path: Walked, faults: Fault[]): void {
  switch (grammar.is) {
    case 'anything':
      return;
    case 'scalar':
      return scalar(value, grammar, path, faults);
    case 'between':
      return between(value, grammar, path, faults);
    case 'list':
      return list(value, grammar, path, faults);
    case 'mapping':
      return mapping(value, grammar, path, faults);
    case 'oneOf':
      return oneOf(value, grammar, path, faults);
  }
}

function add(faults: Fault[], path: Path, message: string, more: { depth?: number; at?: Path } = {}): void {
  faults.push({
    path: [...path],
    message,
    depth: more.depth ?? path.length,
    ...(more.at === undefined ? {} : { at: more.at }),
  });
}

function typeOf(value: Value): TypeName | undefined {
  if (value === null) return 'null';
  if (value instanceof Float) return Number.isInteger(value.value) ? 'integer' : 'number';
  if (value instanceof Timestamp) return undefined;
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number' || typeof value === 'bigint') return 'integer';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' ? 'string' : 'object';
}

/** True when the type fits; otherwise says so. */
function fits(value: Value, types: readonly TypeName[], path: Path, faults: Fault[]): boolean {
  const type = typeOf(value);
  if (type === undefined) add(faults, path, `invalid jsonType ${typeName(value)}`);
  else if (types.includes(type) || (type === 'integer' && types.includes('number'))) return true;
  else add(faults, path, `must be a ${readable(types)}`);
  return false;
}

function readable(types: readonly TypeName[]): string {
  const words = types.map((type) => (type === 'object' ? 'mapping' : type)).sort();
  const last = words.pop() ?? '';
  return words.length === 0 ? last : `${words.join(', ')} or ${last}`;
}

const quote = (text: string): string => `'${text.replaceAll("'", "\\'")}'`;

const scalar: Visitor<'scalar'> = (value, { types, words, pattern }, path, faults) => {
  if (!fits(value, types, path, faults) || typeof value !== 'string') return;
  if (words !== undefined && !words.includes(value))
    add(
      faults,
      path,
      words.length === 1
        ? `value must be ${quote(words[0] ?? '')}`
        : `value must be one of ${words.map(quote).join(', ')}`,
    );
  if (pattern !== undefined && !pattern.test(value))
    add(faults, path, `${quote(value)} does not match pattern ${quote(pattern.source)}`);
};

const between: Visitor<'between'> = (value, { min, max }, path, faults) => {
  if (!fits(value, ['integer'], path, faults)) return;
  const number = value instanceof Float ? value.value : Number(value);
  if (min !== undefined && number < min) add(faults, path, `must be greater than or equal to ${min}`);
  if (max !== undefined && number > max) add(faults, path, `must be less than or equal to ${max}`);
};

const list: Visitor<'list'> = (value, { of, isUnique }, path, faults) => {
  if (!fits(value, ['array'], path, faults) || !Array.isArray(value)) return;
  if (isUnique) {
    const twice = duplicate(value);
    if (twice !== undefined) add(faults, path, `items at ${twice[0]} and ${twice[1]} are equal`);
  }
  value.forEach((item, index) => within(path, index, () => visit(item, of, path, faults)));
};

function duplicate(items: readonly Value[]): readonly [number, number] | undefined {
  const seen = new Map<Value, number>();
  for (const [index, item] of items.entries()) {
    const before =
      isDict(item) || Array.isArray(item)
        ? items.slice(0, index).findIndex((other) => same(other, item))
        : seen.get(item);
    if (before !== undefined && before >= 0) return [before, index];
    seen.set(item, index);
  }
  return undefined;
}

const mapping: Visitor<'mapping'> = (value, grammar, path, faults) => {
  if (!fits(value, ['object', ...grammar.or], path, faults) || !isDict(value)) return;
  const missing = grammar.required.filter((key) => !has(value, key));
  if (missing.length > 0)
    add(faults, path, `missing ${missing.length === 1 ? 'property' : 'properties'} ${missing.map(quote).join(', ')}`);
  const unknown: string[] = [];
  const { others } = grammar;
  for (const key in value) {
    const form = grammar.keys.get(key) ?? (others?.pattern.test(key) === true ? others.of : undefined);
    if (form !== undefined) within(path, key, () => visit(value[key] as Value, form, path, faults));
    else if (!grammar.isOpen && !(grammar.extends && key.startsWith('x-'))) unknown.push(key);
  }
  const [first] = unknown.sort();
  if (first !== undefined)
    add(faults, path, `additional properties ${unknown.sort().map(quote).join(', ')} not allowed`, {
      depth: path.length + 1,
      at: [...path, first],
    });
};

const oneOf: Visitor<'oneOf'> = (value, { forms }, path, faults) => {
  const found: Fault[] = [];
  const matching: number[] = [];
  forms.forEach((form, index) => {
    const own: Fault[] = [];
    visit(value, form, path, own);
    if (own.length === 0) matching.push(index);
    else found.push(...own);
  });
  if (matching.length === 0) faults.push(...found);
  else if (matching.length > 1)
    add(faults, path, `oneOf failed, subschemas ${matching.slice(0, 2).join(', ')} matched`);
};

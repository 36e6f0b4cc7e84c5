// `RUN --mount` and `RUN --device`: one line of comma-separated options each.
import { parseBytes } from '../../../base/units.ts';
import { quote } from '../syntax/expand.ts';
import { Failure, withGuess } from '../syntax/failure.ts';
import type { CacheSharing, Device, Mount, MountType } from '../syntax/instructions.ts';

const TYPES: readonly MountType[] = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'];
const SHARING: readonly CacheSharing[] = ['shared', 'private', 'locked'];
const KEYS: readonly string[] = [
  'type',
  'from',
  'source',
  'target',
  'readonly',
  'id',
  'sharing',
  'required',
  'size',
  'mode',
  'uid',
  'gid',
  'src',
  'dst',
  'destination',
  'ro',
  'rw',
  'readwrite',
  'env',
];

/** Options of one line: a value in quotes may hold commas. */
export function csvFields(line: string, what: string): string[] {
  const fields: string[] = [];
  let rest = line;
  for (;;) {
    const quoted = /^"((?:[^"]|"")*)"(?=,|$)/.exec(rest);
    const plain = /^[^,]*/.exec(rest)?.[0] ?? '';
    if (!quoted && plain.includes('"')) {
      const why = rest.startsWith('"') ? 'extraneous or missing " in quoted-field' : 'bare " in non-quoted-field';
      const column = rest.startsWith('"') ? line.length + 1 : line.length - rest.length + plain.indexOf('"') + 1;
      throw new Failure(`failed to parse csv ${what}: parse error on line 1, column ${column}: ${why}`);
    }
    fields.push(quoted ? (quoted[1] ?? '').replaceAll('""', '"') : plain);
    rest = rest.slice((quoted?.[0] ?? plain).length);
    if (rest === '') return fields;
    rest = rest.slice(1);
  }
}

interface Option {
  readonly field: string;
  readonly key: string;
  readonly value: string | undefined;
}

function optionsOf(line: string, what: string): Option[] {
  return csvFields(line, what).map((field) => {
    const equals = field.indexOf('=');
    if (equals < 0) return { field, key: field.toLowerCase(), value: undefined };
    return { field, key: field.slice(0, equals).toLowerCase(), value: field.slice(equals + 1) };
  });
}

/** What can be said before variables have values. */
export function checkMount(line: string): void {
  for (const { key, value } of optionsOf(line, 'mounts')) {
    if (key !== 'from' || value === undefined) continue;
    const at = value.indexOf('$');
    if (at < 0 || at === value.length - 1) continue;
    throw new Failure("'from' doesn't support variable expansion, define alias stage instead");
  }
}

type Draft = { -readonly [K in keyof Mount]: K extends 'readOnly' ? boolean | undefined : Mount[K] };

/** A mount with variables replaced. Throws a Failure in Docker's words. */
export function readMount(line: string, replace: (word: string) => string): Mount {
  const draft: Draft = {
    type: 'bind',
    from: '',
    source: '',
    target: '',
    readOnly: undefined,
    size: 0,
    id: '',
    sharing: undefined,
    required: false,
    env: undefined,
    mode: undefined,
    uid: undefined,
    gid: undefined,
  };
  for (const option of optionsOf(line, 'mounts')) {
    if (option.value === undefined) setBare(draft, option);
    else setOption(draft, option, replace(option.value));
  }
  check(draft);
  return { ...draft, readOnly: draft.readOnly ?? (draft.type !== 'cache' && draft.type !== 'tmpfs') };
}

function setBare(draft: Draft, { key, field }: Option): void {
  if (key === 'readonly' || key === 'ro') draft.readOnly = true;
  else if (key === 'readwrite' || key === 'rw') draft.readOnly = false;
  else if (key === 'required') draft.required = mayBeRequired(draft, key);
  else throw new Failure(`invalid field '${field}' must be a key=value pair`);
}

function mayBeRequired(draft: Draft, key: string): true {
  if (draft.type === 'secret' || draft.type === 'ssh') return true;
  throw new Failure(`unexpected key '${key}' for mount type '${draft.type}'`);
}

function setOption(draft: Draft, { key, field }: Option, value: string): void {
  switch (key) {
    case 'type':
      draft.type = oneOf(TYPES, value, 'unsupported mount type');
      return;
    case 'from':
      draft.from = value;
      return;
    case 'source':
    case 'src':
      draft.source = value;
      return;
    case 'target':
    case 'dst':
    case 'destination':
      draft.target = value;
      return;
    case 'readonly':
    case 'ro':
      draft.readOnly = truth(key, value);
      return;
    case 'readwrite':
    case 'rw':
      draft.readOnly = !truth(key, value);
      return;
    case 'required':
      draft.required = mayBeRequired(draft, key) && truth(key, value);
      return;
    case 'size': {
      if (draft.type !== 'tmpfs') throw new Failure(`unexpected key '${key}' for mount type '${draft.type}'`);
      const bytes = parseBytes(value);
      if (bytes === undefined) throw new Failure(`invalid value for ${key}: ${value}`);
      draft.size = bytes;
      return;
    }
    case 'id':
      draft.id = value;
      return;
    case 'sharing':
      draft.sharing = oneOf(SHARING, value, 'unsupported sharing value');
      return;
    case 'mode':
    case 'uid':
    case 'gid':
      draft[key] = integer(key, value, key === 'mode' ? 8 : 10);
      return;
    case 'env':
      draft.env = value;
      return;
    default:
      throw new Failure(withGuess(`unexpected key '${key}' in '${field}'`, key, KEYS));
  }
}

function check(draft: Draft): void {
  const { type } = draft;
  if (type === 'bind' || type === 'tmpfs') {
    const given = (['mode', 'uid', 'gid'] as const).find((key) => draft[key] !== undefined);
    if (given) throw new Failure(`${given} not allowed for "${type}" type mounts`);
  }
  if (type === 'secret') {
    if (draft.from !== '') throw new Failure('secret mount should not have a from');
    if (draft.sharing) throw new Failure('secret mount should not define sharing');
    if (draft.source === '' && draft.target === '' && draft.id === '') {
      throw new Failure('invalid secret mount. one of source, target required');
    }
    if (draft.source !== '' && draft.id !== '') throw new Failure("both source and id can't be set");
  }
  if (draft.sharing && type !== 'cache') throw new Failure(`invalid cache sharing set for ${type} mount`);
}

function oneOf<T extends string>(known: readonly T[], value: string, message: string): T {
  const found = known.find((candidate) => candidate === value.toLowerCase());
  if (found === undefined) throw new Failure(withGuess(`${message} ${quote(value)}`, value, known));
  return found;
}

/** Go's strconv.ParseBool. */
function truth(key: string, value: string): boolean {
  if (/^(1|t|T|true|TRUE|True)$/.test(value)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(value)) return false;
  throw new Failure(`invalid value for ${key}: ${value}`);
}

function integer(key: string, value: string, base: 8 | 10): number {
  const number = (base === 8 ? /^[0-7]+$/ : /^\d+$/).test(value) ? Number.parseInt(value, base) : Number.NaN;
  if (!(number < 2 ** 32)) throw new Failure(`invalid value ${value} for ${key}`);
  return number;
}

export function readDevice(line: string): Device {
  let name = '';
  let required = false;
  for (const { field, key, value } of optionsOf(line, 'devices')) {
    if (value === undefined && key === 'required') required = true;
    else if (value !== undefined && key === 'required') required = truth(key, value);
    else if (value !== undefined && key === 'name') {
      if (name !== '') throw new Failure(`device name already set to ${name}`);
      name = value;
    } else if (name === '') name = field;
    else if (value === undefined) throw new Failure(`invalid field '${field}' must be a key=value pair`);
    else throw new Failure(withGuess(`unexpected key '${key}' in '${field}'`, key, ['name', 'required']));
  }
  return { name, required };
}

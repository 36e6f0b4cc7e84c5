// Parameters of `POST /build` that are JSON, or that no daemon on Linux takes. Pure; refusals in dockerd's words.
import { invalid, messageOf } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';
import type { Ulimit } from '../../spec/docker/index.ts';

/** `{"name":"text"}`; null is left out where it may stand. */
export function textMap(what: string, text: string | undefined, nullable: boolean): Map<string, string> {
  const type = nullable ? 'map[string]*string' : 'map[string]string';
  const value = read(what, text);
  if (value === null) return new Map();
  if (!isObject(value)) throw mismatch(what, value, `Go value of type ${type}`);
  const found = new Map<string, string>();
  for (const [key, one] of Object.entries(value)) {
    if (one === null) {
      if (!nullable) found.set(key, '');
      continue;
    }
    if (typeof one !== 'string') throw mismatch(what, one, `Go struct field .${key} of type string`);
    found.set(key, one);
  }
  return found;
}

export function textList(what: string, text: string | undefined): string[] {
  const value = read(what, text);
  if (value === null) return [];
  if (!Array.isArray(value)) throw mismatch(what, value, 'Go value of type []string');
  return value.map((one: unknown, index) => {
    if (one === null) return '';
    if (typeof one !== 'string') throw mismatch(what, one, `.${index} of type string`);
    return one;
  });
}

export function ulimitList(what: string, text: string | undefined): Ulimit[] {
  const value = read(what, text);
  if (value === null) return [];
  if (!Array.isArray(value)) throw mismatch(what, value, 'Go value of type []*units.Ulimit');
  return value.filter((one: unknown): one is Ulimit => isObject(one));
}

/** What has a meaning on Windows alone. */
export function checkForeign({ isolation = '', securityopt = '' }: { isolation?: string; securityopt?: string }): void {
  if (!['', 'default'].includes(isolation)) throw invalid(`unsupported isolation: ${JSON.stringify(isolation)}`);
  if (securityopt !== '' && securityopt !== '[]') throw invalid('security options are not supported on linux');
}

/** null where nothing is said. */
function read(what: string, text: string | undefined): unknown {
  if (text === undefined || text === '') return null;
  try {
    return parseJson(text);
  } catch (error) {
    throw invalid(`error reading ${what}: ${messageOf(error)}`);
  }
}

function mismatch(what: string, value: unknown, into: string): Error {
  return invalid(`error reading ${what}: json: cannot unmarshal ${kindOf(value)} into ${into}`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

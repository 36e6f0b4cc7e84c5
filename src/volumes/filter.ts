// Which volumes a list or a prune means.
import { parseBool } from '../base/bool.ts';
import { invalid } from '../base/errors.ts';
import { goRegExp } from '../base/go-regexp.ts';
import type { Filters } from '../spec/docker/index.ts';

export interface Candidate {
  readonly name: string;
  readonly driver: string;
  readonly labels: Readonly<Record<string, string>> | null;
  /** How many containers refer to it. */
  readonly users: number;
}

export const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';

/** Throws invalid for a filter that volumes do not have. */
export function listFilter(filters: Filters): (volume: Candidate) => boolean {
  accept(filters, ['dangling', 'name', 'driver', 'label']);
  const dangling = boolean(filters.get('dangling'), (values) => `invalid filter 'dangling=[${values.join(' ')}]'`);
  const [names, drivers, labels] = [filters.get('name') ?? [], filters.get('driver') ?? [], filters.get('label') ?? []];
  return (volume) =>
    (dangling === undefined || dangling === (volume.users === 0)) &&
    (names.length === 0 || names.some((one) => matches(one, volume.name))) &&
    (drivers.length === 0 || drivers.includes(volume.driver)) &&
    labels.every((one) => hasLabel(volume.labels, one));
}

/** Unused ones only; since API 1.42 anonymous ones only, unless `all` is true. `minor` is the API version's. */
export function pruneFilter(filters: Filters, minor: number): (volume: Candidate) => boolean {
  accept(filters, ['label', 'label!', 'all']);
  const all = boolean(filters.get('all'), (values) =>
    values.length > 1
      ? `invalid filter 'all=[${values.join(' ')}]': only one value is expected`
      : `invalid filter 'all': strconv.ParseBool: parsing ${JSON.stringify(values[0] ?? '')}: invalid syntax`,
  );
  const everything = all ?? minor < 42;
  const [labels, without] = [filters.get('label') ?? [], filters.get('label!') ?? []];
  return (volume) =>
    volume.users === 0 &&
    (everything || hasLabel(volume.labels, ANONYMOUS_LABEL)) &&
    labels.every((one) => hasLabel(volume.labels, one)) &&
    !without.some((one) => hasLabel(volume.labels, one));
}

function accept(filters: Filters, known: readonly string[]): void {
  for (const key of filters.keys()) if (!known.includes(key)) throw invalid(`invalid filter '${key}'`);
}

function boolean(
  values: readonly string[] | undefined,
  complaint: (values: readonly string[]) => string,
): boolean | undefined {
  if (values === undefined || values.length === 0) return undefined;
  const [value = ''] = values;
  const read = values.length === 1 ? parseBool(value) : undefined;
  if (read !== undefined) return read;
  throw invalid(complaint(values));
}

/** A part of the name, or a pattern. */
function matches(pattern: string, name: string): boolean {
  if (name.includes(pattern)) return true;
  return goRegExp(pattern)?.(name) ?? false;
}

/** `key` or `key=value`. */
function hasLabel(labels: Readonly<Record<string, string>> | null, request: string): boolean {
  const at = request.indexOf('=');
  const key = at < 0 ? request : request.slice(0, at);
  if (labels === null || !Object.hasOwn(labels, key)) return false;
  return at < 0 || labels[key] === request.slice(at + 1);
}

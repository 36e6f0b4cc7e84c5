// Which networks a list or a prune means. Pure.
import { parseBool } from '../../base/bool.ts';
import { invalid } from '../../base/errors.ts';
import { goRegExp } from '../../base/go-regexp.ts';
import type { Filters } from '../../spec/docker/index.ts';
import { isPredefined, type NetworkRecord } from '../model/record.ts';

/** `inUse` says whether a network has endpoints. Throws invalid for a filter that networks do not have. */
export function listFilter(
  filters: Filters,
  inUse: (record: NetworkRecord) => boolean,
): (record: NetworkRecord) => boolean {
  accept(filters, ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type']);
  const dangling = boolean(filters.get('dangling'));
  for (const type of filters.get('type') ?? [])
    if (type !== 'builtin' && type !== 'custom') throw invalid(`invalid filter: 'type'='${type}'`);
  const any =
    (key: string, test: (value: string, record: NetworkRecord) => boolean) =>
    (record: NetworkRecord): boolean => {
      const values = filters.get(key) ?? [];
      return values.length === 0 || values.some((value) => test(value, record));
    };
  const tests = [
    any('driver', (value, { driver }) => driver === value),
    any('id', (value, { id }) => id.startsWith(value) || matches(value, id)),
    any('name', (value, { name }) => name.includes(value) || matches(value, name)),
    any('scope', (value) => value === 'local'),
    any('type', (value, record) => isPredefined(record) === (value === 'builtin')),
    (record: NetworkRecord) => (filters.get('label') ?? []).every((label) => hasLabel(record.labels, label)),
    (record: NetworkRecord) => dangling === undefined || (!isPredefined(record) && inUse(record) !== dangling),
  ];
  return (record) => tests.every((test) => test(record));
}

/** Unused ones that a person made. `until` is a time in milliseconds: younger ones stay. */
export function pruneFilter(filters: Filters, until: number | undefined): (record: NetworkRecord) => boolean {
  accept(filters, ['label', 'label!', 'until']);
  const [labels, without] = [filters.get('label') ?? [], filters.get('label!') ?? []];
  return (record) =>
    !isPredefined(record) &&
    (until === undefined || Date.parse(record.created) <= until) &&
    labels.every((one) => hasLabel(record.labels, one)) &&
    !without.some((one) => hasLabel(record.labels, one));
}

function accept(filters: Filters, known: readonly string[]): void {
  for (const key of filters.keys()) if (!known.includes(key)) throw invalid(`invalid filter '${key}'`);
}

function boolean(values: readonly string[] | undefined): boolean | undefined {
  if (values === undefined || values.length === 0) return undefined;
  const [value = ''] = values;
  const read = values.length === 1 ? parseBool(value) : undefined;
  if (read !== undefined) return read;
  throw invalid('invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")');
}

function matches(pattern: string, text: string): boolean {
  return goRegExp(pattern)?.(text) ?? false;
}

/** `key` or `key=value`. */
function hasLabel(labels: Readonly<Record<string, string>>, request: string): boolean {
  const at = request.indexOf('=');
  const key = at < 0 ? request : request.slice(0, at);
  return Object.hasOwn(labels, key) && (at < 0 || labels[key] === request.slice(at + 1));
}

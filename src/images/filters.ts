// Filters of image lists and prunes, by the rules of Docker's filter package.
import { invalid } from '../base/errors.ts';
import type { Filters } from '../spec/docker/index.ts';

export function checkFilters(filters: Filters, accepted: readonly string[]): void {
  for (const name of filters.keys())
    if (!accepted.includes(name)) throw invalid(name === '' ? 'invalid filter' : `invalid filter '${name}'`);
}

export function boolFilter(filters: Filters, name: string, otherwise: boolean): boolean {
  const values = filters.get(name);
  if (!values) return otherwise;
  const no = values.includes('0') || values.includes('false');
  const yes = values.includes('1') || values.includes('true');
  if (no === yes)
    throw invalid(values.length === 0 ? `invalid filter '${name}'` : `invalid filter '${name}=[${values.join(' ')}]'`);
  return yes;
}

/** Whether labels have all of `key` and `key=value`; true when the filter is not given. */
export function labelsMatch(
  filters: Filters,
  name: string,
  labels: Readonly<Record<string, string>> | null | undefined,
): boolean {
  const values = filters.get(name) ?? [];
  return values.every((wanted) => {
    const equals = wanted.indexOf('=');
    const key = equals < 0 ? wanted : wanted.slice(0, equals);
    if (!labels || !Object.hasOwn(labels, key)) return false;
    return equals < 0 || labels[key] === wanted.slice(equals + 1);
  });
}

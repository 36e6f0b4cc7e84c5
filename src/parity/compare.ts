// Pure. In what two places differ, as rows of a table.
import type { Facts, Place } from './facts.ts';

export interface Difference {
  /** `host`, or the name of a container. */
  readonly where: string;
  readonly what: string;
  /** '' where it is not set. */
  readonly left: string;
  readonly right: string;
}

/** The host first, then containers by name; a container that one place lacks is one row. */
export function compare(left: Place, right: Place): Difference[] {
  const names = union(left.containers, right.containers);
  return [
    ...differences('host', left.host, right.host),
    ...names.flatMap((name) => {
      const [a, b] = [left.containers[name], right.containers[name]];
      if (a && b) return differences(name, a, b);
      return [{ where: name, what: 'container', left: a ? 'there' : '', right: b ? 'there' : '' }];
    }),
  ];
}

function differences(where: string, left: Facts, right: Facts): Difference[] {
  return union(left, right).flatMap((what) => {
    const [a = '', b = ''] = [left[what], right[what]];
    return a === b ? [] : [{ where, what, left: a, right: b }];
  });
}

function union(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
}

/** Two containers that were named one by one are compared whatever they are called. */
export function underOneName(place: Place): Place {
  const [only, ...more] = Object.values(place.containers);
  return only && more.length === 0 ? { ...place, containers: { container: only } } : place;
}

const VERSION = 1;

/** A file for CI: the same place gives the same bytes. */
export function lockText(place: Place): string {
  const facts = (one: Facts): Facts => Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)));
  const containers = Object.entries(place.containers)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, one]) => [name, facts(one)] as const);
  const value = {
    version: VERSION,
    name: place.name,
    host: facts(place.host),
    containers: Object.fromEntries(containers),
  };
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Throws Error for what is no such file. */
export function parseLock(value: unknown): Place {
  const { version, name, host, containers } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  if (version !== VERSION || typeof name !== 'string' || !isFacts(host) || !isRecord(containers))
    throw new Error('it is no lock file of berth parity');
  for (const facts of Object.values(containers))
    if (!isFacts(facts)) throw new Error('it is no lock file of berth parity');
  return { name, host, containers: containers as Readonly<Record<string, Facts>> };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFacts(value: unknown): value is Facts {
  return isRecord(value) && Object.values(value).every((one) => typeof one === 'string');
}

// Identifiers that follow from what they name: 25 characters as Swarm has them. Pure.
import { createHash } from 'node:crypto';

const LENGTH = 25;

/** The same parts give the same id, so that two attempts at one plan make one object. */
export function idOf(...parts: readonly (string | number | undefined)[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 34);
  return BigInt(`0x${digest}`).toString(36).padStart(LENGTH, '0').slice(-LENGTH);
}

/** Of a task template without its placement, whatever the order of its fields. */
export function revisionOf(template: Readonly<Record<string, unknown>>): string {
  const { Placement: _, ...rest } = template;
  return createHash('sha256')
    .update(JSON.stringify(sorted(rest)))
    .digest('hex')
    .slice(0, 32);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}

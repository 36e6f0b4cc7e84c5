// For tests: documents in which something is not as it should be.
import fc from 'fast-check';

export interface Damage {
  /** Which of all fields and items, wherever they stand. */
  readonly at: number;
  readonly by: unknown;
  /** The field goes instead. */
  readonly drop: boolean;
}

export const DAMAGE: fc.Arbitrary<Damage> = fc.record({
  at: fc.nat(),
  by: fc.oneof(fc.constantFrom(null, 0, -1, 2 ** 60, '', 'x', true, [], {}, [[]], [null]), fc.jsonValue()),
  drop: fc.boolean(),
});

/** A copy; the document has a field at least. */
export function damaged(document: object, { at, by, drop }: Damage): object {
  const copy = structuredClone(document);
  const places = placesIn(copy);
  const [holder, key] = places[at % places.length] as [object, string];
  if (drop) Reflect.deleteProperty(holder, key);
  else Reflect.set(holder, key, by);
  return copy;
}

function placesIn(value: unknown): [object, string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, within]) => [[value, key] as [object, string], ...placesIn(within)]);
}

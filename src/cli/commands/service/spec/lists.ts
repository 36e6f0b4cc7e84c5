// Lists and maps in a specification, with what `--…-add` and `--…-rm` say of them. Pure.
import { cut } from '../../../../base/go-text.ts';
import { toMap } from '../../../../spec/docker/shorthand/index.ts';
import type { Labels } from './model.ts';

/** Nothing in the place of an empty list or map. */
export const some = <T>(list: readonly T[]): readonly T[] | undefined => (list.length === 0 ? undefined : list);

export const filled = <T extends object>(map: T | undefined): T | undefined =>
  map === undefined || Object.keys(map).length === 0 ? undefined : map;

/** Sorted where it changes, so that the same settings in another order are the same. */
export function changedList(
  before: readonly string[] | undefined,
  added: readonly string[],
  gone: readonly string[],
): readonly string[] | undefined {
  if (added.length === 0 && gone.length === 0) return before;
  return some([...new Set([...(before ?? []), ...added])].filter((one) => !gone.includes(one)).sort());
}

/** One of a key: what is added takes the place of what was there. */
export function changedBy<T>(
  before: readonly T[] | undefined,
  added: readonly T[],
  isGone: (one: T) => boolean,
  key: (one: T) => string,
): readonly T[] | undefined {
  const next = new Map((before ?? []).filter((one) => !isGone(one)).map((one) => [key(one), one]));
  for (const one of added) next.set(key(one), one);
  return some([...next.values()]);
}

export function changedMap(
  before: Labels | undefined,
  added: readonly string[],
  gone: readonly string[],
): Labels | undefined {
  if (added.length === 0 && gone.length === 0) return before;
  const kept = Object.entries(before ?? {}).filter(([key]) => !gone.includes(key));
  return { ...Object.fromEntries(kept), ...toMap(added) };
}

/** The name of a variable. */
export const keyOf = (line: string): string => cut(line, '=')[0];

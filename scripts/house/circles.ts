// Circles between folders: groups of folders in which each can be reached from each by imports. Pure.
import { folderOf, type Source } from './sources.ts';

/** Each group with its folders in order; empty when nothing turns back to itself. Imports of types count: a reader follows them, too. */
export function circles(sources: readonly Source[]): readonly (readonly string[])[] {
  const arrows = new Map<string, Set<string>>();
  for (const { file, imports, isTest } of sources) {
    if (isTest) continue;
    const from = folderOf(file);
    const known = arrows.get(from) ?? new Set();
    arrows.set(from, known);
    for (const { to } of imports) if (to !== undefined && folderOf(to) !== from) known.add(folderOf(to));
  }
  return components(arrows).filter((group) => group.length > 1);
}

/** Strongly connected components, by Tarjan's algorithm. */
function components(arrows: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): void => {
    order.set(node, order.size);
    low.set(node, order.get(node) ?? 0);
    stack.push(node);
    for (const next of arrows.get(node) ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node) ?? 0, low.get(next) ?? 0));
    }
    if (low.get(node) === order.get(node)) found.push(stack.splice(stack.indexOf(node)).toSorted());
  };
  for (const node of [...arrows.keys()].toSorted()) if (!order.has(node)) visit(node);
  return found.toSorted((one, other) => (one[0] ?? '').localeCompare(other[0] ?? ''));
}

// Rectangles whose areas are weights, as square as can be (Bruls, Huizing, van Wijk: Squarified Treemaps). Pure.

export interface Tile<T> {
  readonly item: T;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** `items` with the heaviest first; those without weight get no tile. */
export function treemap<T extends { readonly size: number }>(
  items: readonly T[],
  width: number,
  height: number,
): readonly Tile<T>[] {
  const heavy = items.filter(({ size }) => size > 0);
  const total = heavy.reduce((sum, { size }) => sum + size, 0);
  const scale = total === 0 ? 0 : (width * height) / total;
  const tiles: Tile<T>[] = [];
  let [x, y, w, h] = [0, 0, width, height];
  for (let at = 0; at < heavy.length; ) {
    const side = Math.min(w, h);
    let end = at + 1;
    let area = (heavy[at]?.size ?? 0) * scale;
    let worst = ratio(area, area, area, side);
    while (end < heavy.length) {
      const next = (heavy[end]?.size ?? 0) * scale;
      const other = ratio(area + next, (heavy[at]?.size ?? 0) * scale, next, side);
      if (other > worst) break;
      worst = other;
      area += next;
      end += 1;
    }
    const thickness = side === 0 ? 0 : area / side;
    let along = 0;
    for (const item of heavy.slice(at, end)) {
      const length = thickness === 0 ? 0 : (item.size * scale) / thickness;
      tiles.push(
        w >= h
          ? { item, x, y: y + along, width: thickness, height: length }
          : { item, x: x + along, y, width: length, height: thickness },
      );
      along += length;
    }
    if (w >= h) [x, w] = [x + thickness, Math.max(w - thickness, 0)];
    else [y, h] = [y + thickness, Math.max(h - thickness, 0)];
    at = end;
  }
  return tiles;
}

/** The longest side to the shortest of the worst tile in a row along `side`. */
function ratio(area: number, largest: number, smallest: number, side: number): number {
  const square = side * side;
  return Math.max((square * largest) / (area * area), (area * area) / (square * smallest));
}

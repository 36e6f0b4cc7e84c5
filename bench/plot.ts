// Pure. Draws SVGs: panels of lines, a panel for each subject, its amount on the x axis, milliseconds of processor on the y axis; and
// groups of bars.

export interface Line {
  readonly name: string;
  /** [amount, milliseconds], by amount. */
  readonly points: readonly (readonly [number, number])[];
}

export interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
}

const WIDTH = 300;
const HEIGHT = 190;
const EDGE = { left: 44, right: 12, top: 28, bottom: 44 };
const COLOURS = ['#2563eb', '#ea580c', '#059669', '#64748b'];

/** `columns` panels in a row. */
export function plot(panels: readonly Panel[], columns = 3): string {
  const rows = Math.ceil(panels.length / columns);
  const drawn = panels.map((panel, index) => {
    const x = (index % columns) * WIDTH;
    const y = Math.floor(index / columns) * HEIGHT;
    return `<g transform="translate(${x} ${y})">${panelOf(panel)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${columns * WIDTH} ${rows * HEIGHT}" font-family="sans-serif" font-size="10">`,
    '<rect width="100%" height="100%" fill="white"/>',
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

function panelOf({ title, lines }: Panel): string {
  const points = lines.flatMap((line) => line.points);
  const right = Math.max(...points.map(([amount]) => amount), 1);
  const top = roundUp(Math.max(...points.map(([, value]) => value), 0.001));
  const x = (amount: number): number => EDGE.left + (amount / right) * (WIDTH - EDGE.left - EDGE.right);
  const y = (value: number): number => HEIGHT - EDGE.bottom - (value / top) * (HEIGHT - EDGE.top - EDGE.bottom);
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    (part) =>
      `<line x1="${EDGE.left}" x2="${WIDTH - EDGE.right}" y1="${y(part * top)}" y2="${y(part * top)}" stroke="#ddd"/>` +
      `<text x="${EDGE.left - 4}" y="${y(part * top) + 3}" text-anchor="end">${short(part * top)}</text>`,
  );
  const amounts = [...new Set(points.map(([amount]) => amount))].filter(
    (amount) => amount === right || amount >= right / 8,
  );
  const ticks = amounts.map(
    (amount) => `<text x="${x(amount)}" y="${HEIGHT - EDGE.bottom + 13}" text-anchor="middle">${amount}</text>`,
  );
  const drawn = lines.map(({ name, points: of }, index) => {
    const colour = COLOURS[index % COLOURS.length];
    const path = of.map(([amount, value]) => `${x(amount).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
    const dots = of.map(
      ([a, v]) => `<circle cx="${x(a).toFixed(1)}" cy="${y(v).toFixed(1)}" r="2.5" fill="${colour}"/>`,
    );
    const key = `<text x="${EDGE.left + index * 120}" y="${HEIGHT - 12}" fill="${colour}">${escaped(name)}</text>`;
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.5"/>${dots.join('')}${key}`;
  });
  return [
    `<text x="${EDGE.left}" y="16" font-weight="bold">${escaped(title)}</text>`,
    ...grid,
    ...ticks,
    ...drawn,
  ].join('\n');
}

export interface Bars {
  readonly name: string;
  /** Multiples of the first place's figure; NaN where there is none. */
  readonly values: readonly number[];
}

/** A group of bars for each name, one a place, on a scale of powers of ten that begins at 0.5: 1 is the first place itself. */
export function bars(places: readonly string[], groups: readonly Bars[]): string {
  const [left, bar, gap, width] = [70, 11, 9, 640];
  const most = Math.max(...groups.flatMap(({ values }) => values.filter((value) => !Number.isNaN(value))), 10);
  const x = (value: number): number => left + (Math.log10(value / 0.5) / Math.log10((2 * most) / 0.5)) * (width - left);
  const tall = places.length * bar + gap;
  const drawn = groups.map(({ name, values }, group) => {
    const y = 34 + group * tall;
    const rows = values.map((value, place) =>
      Number.isNaN(value)
        ? ''
        : `<rect x="${left}" y="${y + place * bar}" width="${(x(value) - left).toFixed(1)}" height="${bar - 2}" fill="${COLOURS[place % COLOURS.length]}"/>` +
          `<text x="${(x(value) + 4).toFixed(1)}" y="${y + place * bar + 8}">${short(Number(value.toPrecision(3)))}</text>`,
    );
    return `<text x="${left - 6}" y="${y + tall / 2 - 2}" text-anchor="end">${escaped(name)}</text>${rows.join('')}`;
  });
  const key = places.map(
    (place, index) =>
      `<text x="${left + index * 180}" y="18" font-weight="bold" fill="${COLOURS[index % COLOURS.length]}">${escaped(place)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width + 40} ${40 + groups.length * tall}" font-family="sans-serif" font-size="9">`,
    '<rect width="100%" height="100%" fill="white"/>',
    ...key,
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

/** The next of 1, 2, 5, 10, … */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}

function short(value: number): string {
  return Number(value.toPrecision(3)).toString();
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

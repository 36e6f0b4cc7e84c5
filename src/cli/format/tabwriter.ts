// Go's text/tabwriter with minimal width 10, padding 3: columns of cells that end with a tab, aligned by blocks of lines.

export interface TabOptions {
  readonly minWidth: number;
  readonly padding: number;
  readonly padChar?: string;
}

const DEFAULTS: TabOptions = { minWidth: 10, padding: 3 };

/** Aligns the text; the last cell of a line has no tab and belongs to no column. */
export function tabulate(text: string, options: TabOptions = DEFAULTS): string {
  const ends = text.endsWith('\n');
  const lines = (ends ? text.slice(0, -1) : text).split('\n').map((line) => line.split('\t'));
  const widths: number[][] = lines.map(() => []);
  align(lines, widths, 0, lines.length, 0, options);
  const out = lines
    .map((cells, row) =>
      cells
        .map((cell, column) => (column === cells.length - 1 ? cell : pad(cell, widths[row]?.[column] ?? 0)))
        .join(''),
    )
    .join('\n');
  return ends ? `${out}\n` : out;
}

/** Gives every column block from `column` on its width; a block is a run of lines that have a tab-ended cell there. */
function align(
  lines: readonly string[][],
  widths: number[][],
  from: number,
  to: number,
  column: number,
  options: TabOptions,
): void {
  for (let row = from; row < to; row++) {
    if (column >= (lines[row]?.length ?? 0) - 1) continue;
    let end = row;
    let width = options.minWidth;
    let discardable = true;
    while (end < to && column < (lines[end]?.length ?? 0) - 1) {
      const cell = lines[end]?.[column] ?? '';
      width = Math.max(width, cellWidth(cell) + options.padding);
      if (cell !== '') discardable = false;
      end += 1;
    }
    if (discardable && options.minWidth === 0) width = 0;
    for (let i = row; i < end; i++) widths[i]?.push(width);
    align(lines, widths, row, end, column + 1, options);
    row = end - 1;
  }
}

const pad = (cell: string, width: number): string => cell + ' '.repeat(Math.max(0, width - cellWidth(cell)));

function cellWidth(text: string): number {
  let width = 0;
  for (const char of text)
    width += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u.test(char)
      ? 2
      : 1;
  return width;
}

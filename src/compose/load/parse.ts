// Text of a Compose file -> values, one for each document in it; with the paths that `!reset` and `!override` mark, and a way back
// from a path to the line.
import { ComposeError, type Path, type Position } from '../value/error.ts';
import { isDict, type Value } from '../value/value.ts';
import { type LibraryDocument, readWithLibrary } from './library.ts';
import { isBlank, type Places, readQuickly } from './quick.ts';

export interface Parsed {
  readonly value: Value;
  /** where a file says that what it overrides is to be forgotten */
  readonly resets: readonly Path[];
  readonly locate: (path: Path) => Position | undefined;
}

/** Larger files are refused; see docs/limits.md. */
const MAX_BYTES = 16 << 20;

/** All documents of a text, each as if it were a file that overrides those before it. */
export function parseYaml(text: string, file: string): Parsed[] {
  if (text.length > MAX_BYTES) throw new ComposeError(`failed to parse ${file}: yaml: larger than ${MAX_BYTES} bytes`);
  if (isBlank(text)) return [];
  const positionAt = (offset: number): Position => positionIn(text, file, offset);
  const value = readQuickly(text);
  if (value !== undefined) return [{ value, resets: [], locate: (path) => positionAt(quickOffset(text, path)) }];
  return readWithLibrary(text, {
    at: (message, offset) =>
      new ComposeError(message.startsWith('non-string key') ? message : `failed to parse ${file}: ${message}`, {
        position: positionAt(offset),
      }),
    lineAt: (offset) => positionAt(offset).line,
  }).map(({ value: read, resets, offsetOf }: LibraryDocument) => ({
    value: read,
    resets,
    locate: (path) => {
      const offset = offsetOf(path);
      return offset === undefined ? undefined : positionAt(offset);
    },
  }));
}

function positionIn(text: string, file: string, offset: number): Position {
  let line = 1;
  let start = 0;
  for (let next = text.indexOf('\n'); next >= 0 && next < offset; next = text.indexOf('\n', start)) {
    line += 1;
    start = next + 1;
  }
  const newline = text.indexOf('\n', start);
  const end = newline < 0 ? text.length : newline;
  return { file, line, column: offset - start + 1, text: text.slice(start, text[end - 1] === '\r' ? end - 1 : end) };
}

/** Reads the text once more, with the places of everything. */
function quickOffset(text: string, path: Path): number {
  const places: Places = new WeakMap();
  let node: Value | undefined = readQuickly(text, places);
  let offset = 0;
  for (const step of path) {
    const at: number | undefined = typeof node === 'object' && node !== null ? places.get(node)?.get(step) : undefined;
    if (at === undefined) break;
    offset = at;
    node = isDict(node) ? node[step] : Array.isArray(node) ? node[Number(step)] : undefined;
  }
  return offset;
}

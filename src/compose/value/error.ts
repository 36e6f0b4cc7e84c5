// Errors of loading: docker compose's words, and below them where in the file it is, with the line.
import { type BerthError, invalid } from '../../base/errors.ts';

/** A place in a text, counted from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** that line, as it stands */
  readonly text: string;
}

/** Keys and indices from the top of a file. */
export type Path = readonly (string | number)[];

/** A fault of a file's content: `path` is where, so that whoever knows the text can say the line. */
export class ComposeError extends Error {
  readonly path: Path | undefined;
  readonly position: Position | undefined;

  constructor(message: string, at: { readonly path?: Path; readonly position?: Position | undefined } = {}) {
    super(message);
    this.name = 'ComposeError';
    this.path = at.path;
    this.position = at.position;
  }
}

export function fail(message: string, path?: Path): never {
  throw new ComposeError(message, path === undefined ? {} : { path });
}

/** `services.web.ports`, as messages name a place. */
export function dotted(path: Path): string {
  return path.join('.');
}

/** What is shown to people. */
export function explained(error: ComposeError): BerthError {
  const { position } = error;
  return invalid(error.message, { cause: error, ...(position === undefined ? {} : { hint: excerpt(position) }) });
}

const WIDEST = 200;

function excerpt({ file, line, column, text }: Position): string {
  const number = String(line);
  const margin = ' '.repeat(number.length);
  const shown = text.length > WIDEST ? `${text.slice(0, WIDEST)}…` : text;
  const indent = shown.slice(0, column - 1).replace(/[^\t]/g, ' ');
  return column > WIDEST
    ? `${margin}--> ${file}:${line}:${column}\n${number} | ${shown}`
    : `${margin}--> ${file}:${line}:${column}\n${number} | ${shown}\n${margin} | ${indent}^`;
}

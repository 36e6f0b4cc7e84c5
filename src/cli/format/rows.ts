// Prints lists as docker's formatter does: `table`, `table TEMPLATE`, `json`, `raw`, or a template of one's own.
import { dropEnds } from '../../base/ends.ts';
import { Failure } from '../grammar/index.ts';
import { tabulate } from './tabwriter.ts';
import { ROW, Template, TemplateError, toJson } from '../../template/index.ts';

/** A row: values by placeholder; a function takes arguments (`.Label "x"`). */
export type Row = Readonly<Record<string, unknown>>;

export interface TableKind {
  /** the Go type that errors name, `*formatter.ContainerContext` */
  readonly typeName: string;
  /** what stands before an error, where it is not `template parsing error` */
  readonly failure?: string;
  /** column titles by placeholder */
  readonly titles: Readonly<Record<string, string>>;
}

/** Replaces the two escapes that a shell user types. */
const unescape = (format: string): string => format.replaceAll('\\t', '\t').replaceAll('\\n', '\n');

/** The title of a label is the last part of its name. */
const labelTitle = (name: unknown): string => (String(name).split('.').at(-1) ?? '').replace(/[-_]/g, ' ');

/** The text of all rows. `format` is the template, with `table ` before it for a table with a header. */
export function renderRows(format: string, rows: readonly Row[], kind: TableKind): string {
  for (const row of rows) markRow(row);
  if (format === 'json') return rows.map((row) => `${toJson(row)}\n`).join('');
  const table = format === 'table' || format.startsWith('table ');
  const body = unescape(dropEnds(table ? format.slice('table'.length) : format, ' '));
  const template = parse(body);
  try {
    const text = rows.map((row) => `${template.run(row, { typeName: kind.typeName })}\n`).join('');
    return table ? tabulate(`${template.header({ ...kind.titles, Label: labelTitle })}\n${text}`) : text;
  } catch (error) {
    if (error instanceof TemplateError) {
      throw new Failure(`${kind.failure ?? 'template parsing error'}: ${error.message}`);
    }
    throw error;
  }
}

/** Parses a template, with docker's words (`what`) before what is wrong. */
export function parse(source: string, name = '', code = 1, what = 'template parsing error'): Template {
  try {
    return new Template(source, name);
  } catch (error) {
    if (error instanceof TemplateError) throw new Failure(`${what}: ${error.message}`, code);
    throw error;
  }
}

/** Makes the JSON of a row that of docker: keys sorted, methods with arguments left out. */
export function markRow(row: Row): Row {
  return Object.defineProperty(row, ROW, { value: true, enumerable: false });
}

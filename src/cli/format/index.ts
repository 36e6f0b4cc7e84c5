// How answers are printed: Go templates, tables, JSON.
export {
  EmptyStruct,
  GoDuration,
  indentJson,
  NilMap,
  NilSlice,
  parseJson,
  shownAs,
  toJson,
  typed,
  writtenAs,
} from '../../template/index.ts';
export { markRow, parse, renderRows, type Row } from './rows.ts';
export { tabulate } from './tabwriter.ts';
export { Template, TemplateError } from '../../template/index.ts';

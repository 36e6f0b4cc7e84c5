// Values -> JSON as Go's encoding/json writes it: keys in the order of their bytes, `<`, `>` and `&` escaped.
import { Ordered, type Printed } from '../load/kinds.ts';
import { Float, shortest, sortedKeys, Timestamp } from '../value/value.ts';

/** With an indent of `''` all stands in one line. */
export function toJson(value: Printed, indent = ''): string {
  return write(value, indent, indent === '' ? '' : '\n');
}

function write(value: Printed, indent: string, newline: string): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return quoted(value);
  if (value instanceof Float) return shortest(value, 'json');
  if (value instanceof Timestamp) return quoted(value.text);
  if (typeof value !== 'object') return String(value);
  const inner = newline + indent;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[${inner}${value.map((item: Printed) => write(item, indent, inner)).join(`,${inner}`)}${newline}]`;
  }
  const entries =
    value instanceof Ordered
      ? value.entries
      : sortedKeys(value as Readonly<Record<string, unknown>>).map(
          (key) => [key, (value as Readonly<Record<string, Printed>>)[key] as Printed] as const,
        );
  if (entries.length === 0) return '{}';
  const colon = indent === '' ? ':' : ': ';
  const members = entries.map(([key, held]) => `${quoted(key)}${colon}${write(held, indent, inner)}`);
  return `{${inner}${members.join(`,${inner}`)}${newline}}`;
}

/** A text with the escapes of Go. */
export function quoted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
  return JSON.stringify(text.toWellFormed()).replace(/[<>&\u2028\u2029\x7f]/g, (char) =>
    char === '\x7f' ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

// `type=x,a=b`: the form of outputs, caches and attestations of a build.
import { parseCsv } from '../../../base/go-text.ts';

/** By their keys in small letters; a text without a `=` stands under the key `alone`. Throws Error with buildx's text. */
export function parseAttributes(text: string, alone: string): Record<string, string> {
  const fields = parseCsv(text);
  if (fields.length === 1 && !text.includes('=')) return { [alone]: text };
  return Object.fromEntries(
    fields.map((field) => {
      const at = field.indexOf('=');
      if (at < 0) throw new Error(`ERROR: invalid value ${field}`);
      return [field.slice(0, at).trim().toLowerCase(), field.slice(at + 1)];
    }),
  );
}

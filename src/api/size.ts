// A terminal's size out of a query.
import { invalid } from '../base/errors.ts';

const LARGEST = 65_535;

/** Height and width; the kernel keeps 16 bits of each. Throws Docker's refusals. */
export function sizeOf(query: { readonly h?: string; readonly w?: string }): [number, number] {
  return [side('height', query.h ?? ''), side('width', query.w ?? '')];
}

function side(name: string, text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw invalid(`invalid resize ${name} "${text}": invalid syntax`);
  const value = Number(text);
  if (value < 0 || value > LARGEST) throw invalid(`invalid resize ${name} "${text}": value out of range`);
  return value;
}

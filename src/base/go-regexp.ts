// Regular expressions of API users, in Go's syntax as dockerd reads them, matched in linear time.
import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';

/** A pattern longer than this is no pattern; names that it could be meant for have 255 characters at most. */
export const MAX_EXPRESSION_CHARACTERS = 4096;

/** Lists ask the same few patterns of every item. */
const KEPT = 64;
const known = new Map<string, ((text: string) => boolean) | undefined>();

let engine: typeof RE2JS | undefined;

/** A test whether a text holds what the expression means; undefined for what is no expression. */
export function goRegExp(pattern: string): ((text: string) => boolean) | undefined {
  // what most people write is text; it needs no engine, and none has to be loaded
  if (/^[\w/:@ -]*$/.test(pattern)) return (text) => text.includes(pattern);
  if (pattern.length > MAX_EXPRESSION_CHARACTERS) return undefined;
  if (!known.has(pattern)) {
    if (known.size >= KEPT) known.clear();
    known.set(pattern, compiled(pattern));
  }
  return known.get(pattern);
}

function compiled(pattern: string): ((text: string) => boolean) | undefined {
  engine ??= (createRequire(import.meta.url)('re2js') as { RE2JS: typeof RE2JS }).RE2JS;
  try {
    const expression = engine.compile(pattern);
    return (text) => expression.matcher(text).find();
  } catch {
    return undefined;
  }
}

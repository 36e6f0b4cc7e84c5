// .dockerignore: which paths of a context stay out of it. Client and daemon use the same matcher.
import { invalid } from '../../base/errors.ts';
import { cleanPath } from './clean.ts';
import { patternFault, patternTest } from './pattern.ts';

/** As long as a path can be on Linux. */
export const MAX_PATTERN_CHARACTERS = 4096;

/** Each is tried on every path; Docker compiles an expression for each, and is no use with so many. */
export const MAX_WILDCARD_PATTERNS = 4096;

/** Directories whose answer is remembered: paths come in order, so that few are asked for again. */
const MAX_REMEMBERED = 4096;

const SPECIAL = /[*?[\\]/;

/** The patterns of a file: comments and empty lines gone, paths made short and relative to the context. */
export function readIgnoreFile(text: string): string[] {
  const patterns: string[] = [];
  for (let at = text.startsWith('\ufeff') ? 1 : 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end);
    at = end < 0 ? text.length : end + 1;
    if (line.startsWith('#')) continue;
    const trimmed = line.trim();
    if (trimmed === '') continue;
    const keeps = trimmed.startsWith('!');
    const given = keeps ? trimmed.slice(1).trim() : trimmed;
    let pattern = given === '' ? '' : cleanPath(given);
    if (pattern.length > 1 && pattern.startsWith('/')) pattern = pattern.slice(1);
    patterns.push(keeps ? `!${pattern}` : pattern);
  }
  return patterns;
}

export interface IgnoreMatcher {
  /** No pattern at all. */
  readonly empty: boolean;
  /** Some pattern begins with `!`. */
  readonly hasExceptions: boolean;
  readonly patterns: readonly string[];
  /** True for a path that stays out. The last pattern that matches it or a directory above it decides. */
  ignores(path: string): boolean;
  /** For an ignored directory: whether an exception may bring back something below it. */
  mayKeepBelow(directory: string): boolean;
}

interface Rule {
  readonly text: string;
  readonly keeps: boolean;
}

/** Throws invalid for a pattern that is none. Paths are relative, without a slash at either end. */
export function ignoreMatcher(patterns: readonly string[]): IgnoreMatcher {
  const rules: Rule[] = [];
  /** By text: the last rule that is nothing but a path. */
  const plain = new Map<string, number>();
  const wild: { readonly index: number; readonly test: (path: string) => boolean }[] = [];
  for (const pattern of patterns) {
    const rule = ruleOf(pattern);
    if (!rule) continue;
    const index = rules.push(rule) - 1;
    if (!SPECIAL.test(rule.text)) plain.set(rule.text, index);
    else if (wild.length === MAX_WILDCARD_PATTERNS)
      throw invalid(`more than ${MAX_WILDCARD_PATTERNS} patterns with wildcards`);
    else wild.push({ index, test: testOf(rule.text) });
  }
  const exceptions = rules.filter(({ keeps }) => keeps);
  const remembered = new Map<string, number>();
  /** The last rule that matches a path or a directory above it; -1 for none. */
  const last = (path: string): number => {
    const slash = path.lastIndexOf('/');
    let found = Math.max(slash > 0 ? lastAbove(path.slice(0, slash)) : -1, plain.get(path) ?? -1);
    for (let at = wild.length - 1; at >= 0; at -= 1) {
      const { index, test } = wild[at] as (typeof wild)[number];
      if (index < found || test(path)) return Math.max(index, found);
    }
    return found;
  };
  const lastAbove = (directory: string): number => {
    const known = remembered.get(directory);
    if (known !== undefined) return known;
    if (remembered.size === MAX_REMEMBERED) remembered.clear();
    const found = last(directory);
    remembered.set(directory, found);
    return found;
  };
  return {
    empty: rules.length === 0,
    hasExceptions: exceptions.length > 0,
    patterns: rules.map(({ keeps, text }) => (keeps ? '!' : '') + text),
    ignores: (path) => rules[last(path)]?.keeps === false,
    mayKeepBelow(directory) {
      return exceptions.some(({ text }) => SPECIAL.test(text) || `${text}/`.startsWith(`${directory}/`));
    },
  };
}

function ruleOf(given: string): Rule | undefined {
  const trimmed = given.trim();
  if (trimmed === '') return undefined;
  const cleaned = cleanPath(trimmed);
  const keeps = cleaned.startsWith('!');
  if (cleaned === '!') throw invalid('illegal exclusion pattern: "!"');
  const text = keeps ? cleaned.slice(1) : cleaned;
  if (text.length > MAX_PATTERN_CHARACTERS)
    throw invalid(`pattern is longer than ${MAX_PATTERN_CHARACTERS} characters`);
  return { text, keeps };
}

function testOf(text: string): (path: string) => boolean {
  const fault = patternFault(text);
  if (fault) throw invalid(fault);
  return patternTest(text);
}

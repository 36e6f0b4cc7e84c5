// .dockerignore: which paths of a context stay out of it. Client and daemon use the same matcher.
import { invalid } from '../../base/errors.ts';
import { cleanPath } from './clean.ts';
import { patternFault, patternTest } from './pattern.ts';

/** As long as a path can be on Linux. */
export const MAX_PATTERN_CHARACTERS = 4096;

/** The patterns of a file: comments and empty lines gone, paths made short and relative to the context. */
export function readIgnoreFile(text: string): string[] {
  const patterns: string[] = [];
  for (const line of text.replace(/^\ufeff/, '').split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const trimmed = line.trim();
    if (trimmed === '') continue;
    const keeps = trimmed.startsWith('!');
    const given = keeps ? trimmed.slice(1).trim() : trimmed;
    let pattern = given === '' ? '' : cleanPath(given);
    if (pattern.length > 1 && pattern.startsWith('/')) pattern = pattern.slice(1);
    patterns.push((keeps ? '!' : '') + pattern);
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
  readonly test: (path: string) => boolean;
}

/** Throws invalid for a pattern that is none. Paths are relative, without a slash at either end. */
export function ignoreMatcher(patterns: readonly string[]): IgnoreMatcher {
  const rules = patterns.map(ruleOf).filter((rule) => rule !== undefined);
  const exceptions = rules.filter(({ keeps }) => keeps);
  const matches = (rule: Rule, path: string): boolean => {
    if (rule.test(path)) return true;
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      if (rule.test(path.slice(0, slash))) return true;
    }
    return false;
  };
  return {
    empty: rules.length === 0,
    hasExceptions: exceptions.length > 0,
    patterns: rules.map(({ keeps, text }) => (keeps ? '!' : '') + text),
    ignores(path) {
      let out = false;
      // A rule that would not change the answer is not asked.
      for (const rule of rules) if (rule.keeps === out && matches(rule, path)) out = !rule.keeps;
      return out;
    },
    mayKeepBelow(directory) {
      return exceptions.some(({ text }) => /[*?[\\]/.test(text) || `${text}/`.startsWith(`${directory}/`));
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
  const fault = patternFault(text);
  if (fault) throw invalid(fault);
  return { text, keeps, test: patternTest(text) };
}

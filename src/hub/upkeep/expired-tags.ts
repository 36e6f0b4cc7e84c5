// Which tags rules of retention let go: all but the newest so many, and those of the last so many days. Pure.
import { matchesPattern } from '../model/index.ts';

export interface RetentionRule {
  /** Of repositories; of tags that the rule is for: others stay. */
  readonly pattern: string;
  readonly tags: string;
  /** The newest that stay; 0 for none. */
  readonly keep: number;
  /** Those pushed in so many days stay; 0 for none. */
  readonly days: number;
}

export interface KeptTag {
  readonly name: string;
  readonly digest: string;
  /** Milliseconds since 1970. */
  readonly pushedAt: number;
}

export interface Expiry {
  readonly tag: string;
  readonly why: string;
}

const DAY_MS = 24 * 3_600_000;

/** A tag that any rule of the repository keeps stays; one that no rule is for stays. `now` in milliseconds since 1970. */
export function expiredTags(
  rules: readonly RetentionRule[],
  repository: string,
  tags: readonly KeptTag[],
  now: number,
): readonly Expiry[] {
  const expired = new Map<string, string>();
  const kept = new Set<string>();
  for (const rule of rules.filter(({ pattern }) => matchesPattern(pattern, repository))) {
    const newest = tags
      .filter(({ name }) => matchesPattern(rule.tags, name))
      .toSorted((a, b) => b.pushedAt - a.pushedAt || (a.name < b.name ? -1 : 1));
    for (const [index, { name, pushedAt }] of newest.entries()) {
      const age = Math.floor((now - pushedAt) / DAY_MS);
      if (index < rule.keep || (rule.days > 0 && age < rule.days)) kept.add(name);
      else expired.set(name, `number ${index + 1} of ${newest.length} by ${rule.tags}, ${age} days old`);
    }
  }
  return [...expired].filter(([name]) => !kept.has(name)).map(([tag, why]) => ({ tag, why }));
}

// Rules by pattern: tags that stay what they are, and how much repositories may hold.
import type { DatabaseSync } from 'node:sqlite';
import { notFound } from '../../base/errors.ts';
import { matchesPattern, RegistryError } from '../model/index.ts';

export type RuleKind = 'immutable' | 'quota';

export interface Rule {
  readonly kind: RuleKind;
  readonly pattern: string;
  /** A pattern of tags, or a number of bytes. */
  readonly value: string;
}

export class Rules {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  list(): readonly Rule[] {
    return this.#database
      .prepare('SELECT kind, pattern, value FROM rule ORDER BY kind, pattern')
      .all()
      .map((row) => ({
        kind: row['kind'] === 'quota' ? 'quota' : 'immutable',
        pattern: String(row['pattern']),
        value: String(row['value']),
      }));
  }

  set({ kind, pattern, value }: Rule): void {
    this.#database
      .prepare('INSERT OR REPLACE INTO rule (kind, pattern, value) VALUES (?, ?, ?)')
      .run(kind, pattern, value);
  }

  remove(kind: RuleKind, pattern: string): void {
    const { changes } = this.#database.prepare('DELETE FROM rule WHERE kind = ? AND pattern = ?').run(kind, pattern);
    if (changes === 0) throw notFound(`no ${kind} rule for ${pattern}`);
  }

  /** Throws DENIED when the tag is there and would change; `digest` '' is a removal. */
  checkTag(repository: string, tag: string, before: string | undefined, digest: string): void {
    if (before === undefined || before === digest) return;
    const rule = this.#of('immutable', repository).find(({ value }) => matchesPattern(value, tag));
    if (rule)
      throw new RegistryError('DENIED', {
        message: `tag ${tag} of ${repository} is immutable: it stays ${before}`,
        detail: { rule: rule.pattern, tags: rule.value },
      });
  }

  /** Throws DENIED when so many bytes more would be too many. A blob counts once for each quota. */
  checkSize(repository: string, bytes: number): void {
    for (const { pattern, value } of this.#of('quota', repository)) {
      const used = Number(
        this.#database
          .prepare(
            `SELECT coalesce(sum(size), 0) AS used FROM (SELECT DISTINCT l.digest, l.size FROM layer l
             JOIN repository r ON r.id = l.repository WHERE r.name GLOB ?)`,
          )
          .get(pattern)?.['used'],
      );
      if (used + bytes > Number(value))
        throw new RegistryError('DENIED', {
          message: `quota of ${pattern} exceeded: ${used} bytes of ${value} are used, ${bytes} more were to come`,
          detail: { quota: Number(value), used },
        });
    }
  }

  #of(kind: RuleKind, repository: string): readonly Rule[] {
    return this.list().filter((rule) => rule.kind === kind && matchesPattern(rule.pattern, repository));
  }
}

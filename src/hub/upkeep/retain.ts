// Removes the tags that rules of retention let go, and the manifests that nothing names then; immutable tags stay.
import type { DatabaseSync } from 'node:sqlite';
import { invalid, notFound } from '../../base/errors.ts';
import type { Catalog } from '../metadata/index.ts';
import { matchesPattern, parseDigest, readManifest } from '../model/index.ts';
import type { Storage } from '../storage/index.ts';
import { type Expiry, expiredTags, type RetentionRule } from './expired-tags.ts';

/** Of one manifest: those beyond stay until somebody deletes them. */
const MAX_REFERRERS = 1000;

export interface RetainPlace {
  readonly storage: Storage;
  readonly catalog: Catalog;
  readonly database: DatabaseSync;
  readonly now: number;
}

export function listRetention(database: DatabaseSync): readonly RetentionRule[] {
  return database
    .prepare('SELECT pattern, tags, keep, days FROM retention ORDER BY pattern, tags')
    .all()
    .map((row) => ({
      pattern: String(row['pattern']),
      tags: String(row['tags']),
      keep: Number(row['keep']),
      days: Number(row['days']),
    }));
}

export function setRetention(database: DatabaseSync, { pattern, tags, keep, days }: RetentionRule): void {
  if (keep === 0 && days === 0) throw invalid('a rule that keeps nothing is none: --keep or --days is wanted');
  database
    .prepare('INSERT OR REPLACE INTO retention (pattern, tags, keep, days) VALUES (?, ?, ?, ?)')
    .run(pattern, tags, keep, days);
}

export function removeRetention(database: DatabaseSync, pattern: string, tags: string): void {
  const { changes } = database.prepare('DELETE FROM retention WHERE pattern = ? AND tags = ?').run(pattern, tags);
  if (changes === 0) throw notFound(`no rule of retention for ${pattern} ${tags}`);
}

/** What would go, repository by repository. */
export function* planRetention({
  database,
  now,
}: Pick<RetainPlace, 'database' | 'now'>): Generator<{ readonly repository: string } & Expiry> {
  const rules = listRetention(database);
  if (rules.length === 0) return;
  const immutable = database.prepare("SELECT pattern, value FROM rule WHERE kind = 'immutable'").all();
  const tagsOf = database.prepare('SELECT name, digest, pushed_at FROM tag WHERE repository = ?');
  for (const { id, name } of database.prepare('SELECT id, name FROM repository ORDER BY name').all()) {
    const repository = String(name);
    if (!rules.some(({ pattern }) => matchesPattern(pattern, repository))) continue;
    const tags = tagsOf.all(Number(id)).map((row) => ({
      name: String(row['name']),
      digest: String(row['digest']),
      pushedAt: Number(row['pushed_at']),
    }));
    for (const expiry of expiredTags(rules, repository, tags, now)) {
      const stays = immutable.some(
        (rule) =>
          matchesPattern(String(rule['pattern']), repository) && matchesPattern(String(rule['value']), expiry.tag),
      );
      if (!stays) yield { repository, ...expiry };
    }
  }
}

/** Answers how many tags went. The collector removes what they held when its grace time is over. */
export async function retain(place: RetainPlace, each: (repository: string, tag: string) => void): Promise<number> {
  const { storage, catalog } = place;
  let count = 0;
  for (const { repository, tag } of planRetention(place)) {
    const digest = await storage.repositories.tagged(repository, tag);
    await storage.repositories.untag(repository, tag);
    catalog.removeTag(repository, tag);
    each(repository, tag);
    count += 1;
    if (digest) await forget(place, repository, digest.text);
  }
  return count;
}

/** A manifest goes with its last tag unless an index names it; with it what an index named, and what refers to it. */
async function forget(place: RetainPlace, repository: string, digest: string): Promise<void> {
  const { storage, catalog, database } = place;
  const parsed = parseDigest(digest);
  if (!parsed || !(await storage.repositories.hasManifest(repository, parsed))) return;
  if (catalog.tagsOf(repository, digest).length > 0 || (await isNamed(storage, repository, digest, database))) return;
  const content = await storage.blobs.read(parsed);
  const info = content && readManifest(content, '');
  const referrers = catalog.referrers(repository, digest, '', MAX_REFERRERS);
  await storage.repositories.unlinkManifest(repository, parsed);
  catalog.removeManifest(repository, digest);
  for (const child of info?.isIndex ? info.children : []) await forget(place, repository, child.digest);
  for (const referrer of referrers) await forget(place, repository, referrer.digest);
}

async function isNamed(
  { blobs, repositories }: Storage,
  repository: string,
  digest: string,
  database: DatabaseSync,
): Promise<boolean> {
  const others = database
    .prepare(
      `SELECT m.digest, m.media_type, m.subject FROM manifest m JOIN repository r ON r.id = m.repository
       WHERE r.name = ? AND m.digest <> ? AND (m.media_type LIKE '%index%' OR m.media_type LIKE '%list%')`,
    )
    .all(repository, digest);
  for (const row of others) {
    const other = parseDigest(String(row['digest']));
    const content = other && (await repositories.hasManifest(repository, other)) ? await blobs.read(other) : undefined;
    if (content?.includes(digest)) return true;
  }
  return false;
}

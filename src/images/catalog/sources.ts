// Which repositories are known to have a blob: a push to the same registry takes it over from there.
import type { RecordTable, Records } from '../../store/index.ts';

interface SourceRecord {
  /** `docker.io/library/debian`, the latest last. */
  readonly repositories: readonly string[];
}

const MAX_REPOSITORIES = 20;

export class Sources {
  readonly #table: RecordTable<SourceRecord>;
  readonly #known: Map<string, SourceRecord>;

  constructor(records: Records) {
    this.#table = records.table('sources');
    this.#known = this.#table.load((value) =>
      Array.isArray((value as Partial<SourceRecord>).repositories) ? (value as SourceRecord) : undefined,
    );
  }

  /** Repositories of one registry, the latest first. */
  of(blob: string, domain: string): string[] {
    return (this.#known.get(blob)?.repositories ?? [])
      .filter((name) => name.startsWith(`${domain}/`))
      .map((name) => name.slice(domain.length + 1))
      .toReversed();
  }

  add(blob: string, repository: string): void {
    const before = this.#known.get(blob)?.repositories ?? [];
    if (before.at(-1) === repository) return;
    const record = {
      repositories: [...before.filter((one) => one !== repository), repository].slice(-MAX_REPOSITORIES),
    };
    this.#known.set(blob, record);
    this.#table.put(blob, record);
  }

  /** Forgets blobs that are not there any more. */
  prune(there: (blob: string) => boolean): void {
    for (const blob of this.#known.keys()) {
      if (there(blob)) continue;
      this.#known.delete(blob);
      this.#table.delete(blob);
    }
  }
}

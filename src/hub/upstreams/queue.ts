// Work that others may refuse for a while: kept in the database, tried again with longer and longer waits, given up at last.
import type { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';

export interface Job {
  readonly id: number;
  readonly kind: string;
  readonly target: string;
  readonly body: string;
  readonly nextAt: number;
  readonly tries: number;
  readonly error: string;
}

export type Work = (job: Job) => Promise<void>;

const TICK_MS = 1000;
const AT_ONCE = 4;
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 3_600_000;
/** Some two days, with the waits between. */
export const MAX_TRIES = 40;
const MAX_JOBS = 100_000;

export class JobQueue {
  readonly #database: DatabaseSync;
  readonly #works: Readonly<Record<string, Work>>;
  readonly #log: Log;
  readonly #running = new Set<number>();
  #signal: AbortSignal | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(database: DatabaseSync, works: Readonly<Record<string, Work>>, log: Log) {
    this.#database = database;
    this.#works = works;
    this.#log = log;
  }

  /** The same work for the same target that waits already is not added twice. */
  add(kind: string, target: string, body: string): void {
    const same = 'SELECT 1 FROM job WHERE kind = ? AND target = ? AND body = ? AND tries = 0';
    if (this.#database.prepare(same).get(kind, target, body)) return;
    const count = Number(this.#database.prepare('SELECT count(*) AS count FROM job').get()?.['count']);
    if (count >= MAX_JOBS) {
      this.#log.error(`${kind} to ${target} is given up: ${MAX_JOBS} wait already`);
      return;
    }
    this.#database
      .prepare('INSERT INTO job (kind, target, body, next_at) VALUES (?, ?, ?, ?)')
      .run(kind, target, body, Date.now());
  }

  list(): readonly Job[] {
    return this.#database.prepare('SELECT * FROM job ORDER BY id LIMIT 1000').all().map(jobOf);
  }

  /** Looks each second for what is due, until `signal`. */
  start(signal: AbortSignal): void {
    this.#signal = signal;
    this.#timer = setInterval(() => void this.runDue(), TICK_MS);
    this.#timer.unref();
    signal.addEventListener('abort', () => clearInterval(this.#timer), { once: true });
  }

  async runDue(): Promise<void> {
    const free = AT_ONCE - this.#running.size;
    if (free <= 0) return;
    const due = this.#database
      .prepare('SELECT * FROM job WHERE next_at <= ? ORDER BY next_at LIMIT ?')
      .all(Date.now(), AT_ONCE)
      .map(jobOf)
      .filter(({ id }) => !this.#running.has(id))
      .slice(0, free);
    await Promise.all(due.map((job) => this.#run(job)));
  }

  async #run(job: Job): Promise<void> {
    this.#running.add(job.id);
    try {
      await this.#works[job.kind]?.(job);
      // the hub has ended meanwhile: the job is done again in its next life
      if (this.#signal?.aborted) return;
      this.#database.prepare('DELETE FROM job WHERE id = ?').run(job.id);
    } catch (error) {
      if (this.#signal?.aborted) return;
      const tries = job.tries + 1;
      const why = messageOf(error);
      if (tries >= MAX_TRIES) {
        this.#log.error(`${job.kind} to ${job.target} is given up after ${tries} tries: ${why}`);
        this.#database.prepare('DELETE FROM job WHERE id = ?').run(job.id);
        return;
      }
      this.#log.warn(`${job.kind} to ${job.target} failed and is tried again: ${why}`);
      this.#database
        .prepare('UPDATE job SET tries = ?, error = ?, next_at = ? WHERE id = ?')
        .run(tries, why.slice(0, 1000), Date.now() + waitAfter(tries), job.id);
    } finally {
      this.#running.delete(job.id);
    }
  }
}

/** Milliseconds until the next try. */
export const waitAfter = (tries: number): number => Math.min(FIRST_WAIT_MS * 2 ** (tries - 1), LONGEST_WAIT_MS);

function jobOf(row: Record<string, unknown>): Job {
  return {
    id: Number(row['id']),
    kind: String(row['kind']),
    target: String(row['target']),
    body: String(row['body']),
    nextAt: Number(row['next_at']),
    tries: Number(row['tries']),
    error: String(row['error']),
  };
}

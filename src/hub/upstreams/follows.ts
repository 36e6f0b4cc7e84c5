// Repositories of other registries that are brought here again and again: which, from where, how often; the queue does the work.
import type { DatabaseSync } from 'node:sqlite';
import { invalid, notFound, unavailable } from '../../base/errors.ts';
import { bring, type BringPlace } from './bring.ts';
import type { Job, JobQueue } from './queue.ts';
import { type Rule, ruleOf, titleOf } from './rule.ts';
import { splitAddress } from './upstreams.ts';

export interface Follow extends Rule {
  readonly everyMs: number;
}

const LOOK_MS = 1000;
const LEAST_EVERY_MS = 10_000;
/** A round that takes longer is begun again, milliseconds. */
const ROUND_MS = 6 * 3_600_000;

export class Follows {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  list(): readonly Follow[] {
    return this.#database
      .prepare('SELECT pattern, domain, path, account, secret, every_ms FROM follow ORDER BY pattern, domain, path')
      .all()
      .map((row) => ({ ...ruleOf(row), everyMs: Number(row['every_ms']) }));
  }

  /** The first round is due at once. */
  set(pattern: string, address: string, login: Pick<Follow, 'account' | 'secret'>, everyMs: number): void {
    if (!(everyMs >= LEAST_EVERY_MS)) throw invalid(`every ${everyMs} ms: ${LEAST_EVERY_MS / 1000} seconds at least`);
    const { domain, path } = splitAddress(address);
    this.#database
      .prepare(
        'INSERT OR REPLACE INTO follow (pattern, domain, path, account, secret, every_ms, next_at) VALUES (?, ?, ?, ?, ?, ?, 0)',
      )
      .run(pattern, domain, path, login.account, login.secret, everyMs);
  }

  remove(pattern: string, address: string): void {
    const { domain, path } = splitAddress(address);
    const { changes } = this.#database
      .prepare('DELETE FROM follow WHERE pattern = ? AND domain = ? AND path = ?')
      .run(pattern, domain, path);
    if (changes === 0) throw notFound(`${pattern} does not follow ${address}`);
  }

  /** Looks each second whose time has come, until `signal`. */
  start(queue: JobQueue, signal: AbortSignal): void {
    const timer = setInterval(() => this.#order(queue, Date.now()), LOOK_MS);
    timer.unref();
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  #order(queue: JobQueue, now: number): void {
    const due = this.#database.prepare('SELECT 1 FROM follow WHERE next_at <= ?');
    if (!due.get(now)) return;
    for (const follow of this.list()) {
      const { changes } = this.#database
        .prepare('UPDATE follow SET next_at = ? WHERE pattern = ? AND domain = ? AND path = ? AND next_at <= ?')
        .run(now + follow.everyMs, follow.pattern, follow.domain, follow.path, now);
      if (changes > 0) queue.add('follow', titleOf(follow), '');
    }
  }

  /** Throws when the registry does not answer, or not all of it came: the queue tries again. */
  async round(place: Omit<BringPlace, 'say'>, { target }: Job, ended: AbortSignal): Promise<void> {
    const follow = this.list().find((one) => titleOf(one) === target);
    // it was removed meanwhile
    if (!follow) return;
    let why = '';
    const { failed } = await bring(
      {
        ...place,
        say: (name, tag, failure) => {
          if (failure !== undefined) why = `${name}:${tag}: ${failure}`;
        },
      },
      {
        ...follow,
        credentials: follow.account === '' ? {} : { username: follow.account, password: follow.secret },
      },
      AbortSignal.any([ended, AbortSignal.timeout(ROUND_MS)]),
    );
    if (failed > 0) throw unavailable(`${failed} tags did not come, the last is ${why}`);
  }
}

// Until when this node may run what must not run twice: since a leader last answered a heartbeat, by a clock that nobody sets. It outlives the daemon.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** As managers count it; a node that is not heard of for this and STOP_MS has stopped its fenced tasks. */
export const FENCE_MS = 5000;

export class Lease {
  readonly #file: string;
  /** Milliseconds since this machine started. */
  #until: number;
  readonly #sent = new Map<number, number>();

  constructor(folder: string) {
    this.#file = join(folder, 'lease.json');
    this.#until = read(this.#file);
  }

  /** A heartbeat goes out. */
  sent(beat: number): void {
    this.#sent.set(beat, uptime());
  }

  /** It was answered: what counts is when it was sent. With `keep` the next daemon knows it too. */
  answered(beat: number, keep: boolean): void {
    const at = this.#sent.get(beat);
    if (at === undefined) return;
    for (const older of this.#sent.keys()) if (older <= beat) this.#sent.delete(older);
    this.#until = Math.max(this.#until, at + FENCE_MS);
    if (!keep) return;
    writeFileSync(`${this.#file}.new`, JSON.stringify({ boot: boot(), until: this.#until }), { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
  }

  /** A session that broke answers no heartbeat any more. */
  forget(): void {
    this.#sent.clear();
  }

  get isOver(): boolean {
    return uptime() >= this.#until;
  }
}

function read(file: string): number {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as { boot: string; until: number };
    return kept.boot === boot() ? kept.until : 0;
  } catch {
    return 0;
  }
}

function boot(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

/** Time in which the machine slept counts. */
function uptime(): number {
  return Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 1000;
}

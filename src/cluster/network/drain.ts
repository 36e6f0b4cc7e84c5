// Tasks that are told to stop leave names and virtual addresses first: their stop is held back until every node has said so, or time is up.

/** So long a node that does not answer holds up a stop, milliseconds. */
const LIMIT_MS = 1000;

interface Hold {
  /** Nodes that have not said that they know, with the message that says it. */
  readonly waiting: Map<string, number>;
  readonly timer: NodeJS.Timeout;
}

export class Drains {
  readonly #holds = new Map<string, Hold>();
  readonly #done = new Set<string>();
  readonly #onRelease: (task: string) => void;

  constructor(onRelease: (task: string) => void) {
    this.#onRelease = onRelease;
  }

  /** It may not be told to stop yet. */
  isHeld(task: string): boolean {
    return this.#holds.has(task);
  }

  /** `waiting`: which nodes were sent that it goes, and the number of that message. Only the first call for a task counts. */
  begin(task: string, waiting: ReadonlyMap<string, number>): void {
    if (this.#holds.has(task) || this.#done.has(task)) return;
    if (waiting.size === 0) {
      this.#done.add(task);
      return;
    }
    const timer = setTimeout(() => this.#release(task), LIMIT_MS);
    this.#holds.set(task, { waiting: new Map(waiting), timer });
  }

  acknowledged(node: string, sequence: number): void {
    for (const [task, { waiting }] of this.#holds) {
      const wanted = waiting.get(node);
      if (wanted === undefined || wanted > sequence) continue;
      waiting.delete(node);
      if (waiting.size === 0) this.#release(task);
    }
  }

  /** A node whose session broke is not waited for. */
  lost(node: string): void {
    this.acknowledged(node, Number.POSITIVE_INFINITY);
  }

  /** Tasks that are no more need no memory. */
  keepOnly(tasks: ReadonlySet<string>): void {
    for (const task of this.#done) if (!tasks.has(task)) this.#done.delete(task);
  }

  #release(task: string): void {
    const hold = this.#holds.get(task);
    if (!hold) return;
    clearTimeout(hold.timer);
    this.#holds.delete(task);
    this.#done.add(task);
    this.#onRelease(task);
  }

  close(): void {
    for (const { timer } of this.#holds.values()) clearTimeout(timer);
    this.#holds.clear();
  }
}

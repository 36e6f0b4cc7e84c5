// Which copied flows are open, in the daemon and on one port: a new one always finds room, and the one that has been idle longest goes.

export interface Flow {
  /** Descriptors that it holds. */
  readonly cost: number;
  /** When something passed last, in milliseconds of any clock. */
  active: number;
  readonly end: () => void;
}

export class FlowTable {
  readonly #flows = new Set<Flow>();
  readonly #limit: number;
  readonly #whole: FlowTable | undefined;
  #cost = 0;

  /** `limit` in descriptors; `whole` is the table of the daemon where this is one of a port. */
  constructor(limit: number, whole?: FlowTable) {
    this.#limit = limit;
    this.#whole = whole;
  }

  get cost(): number {
    return this.#cost;
  }

  add(flow: Flow): void {
    while (this.#cost + flow.cost > this.#limit && this.#flows.size > 0) this.#evict();
    this.#whole?.add(flow);
    this.#flows.add(flow);
    this.#cost += flow.cost;
  }

  /** To be called when a flow ends, however it does; twice is once. */
  remove(flow: Flow): void {
    if (!this.#flows.delete(flow)) return;
    this.#cost -= flow.cost;
    this.#whole?.remove(flow);
  }

  endAll(): void {
    for (const flow of this.#flows) flow.end();
  }

  #evict(): void {
    let longest: Flow | undefined;
    for (const flow of this.#flows) if (!longest || flow.active < longest.active) longest = flow;
    if (!longest) return;
    longest.end();
    this.remove(longest);
  }
}

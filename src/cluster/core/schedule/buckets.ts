// Nodes in buckets by level, so that the emptiest are found without looking at all, and a placement moves one in no time. Pure.

export class Buckets {
  readonly #levels: number[][] = [];
  readonly #levelOf: Int32Array;
  readonly #place: Int32Array;

  constructor(size: number, levelOf: (number: number) => number) {
    this.#levelOf = new Int32Array(size);
    this.#place = new Int32Array(size);
    for (let number = 0; number < size; number += 1) this.#add(number, levelOf(number));
  }

  move(number: number, level: number): void {
    const old = this.#levelOf[number] ?? 0;
    if (old === level) return;
    const bucket = this.#levels[old];
    const last = bucket?.pop();
    if (bucket && last !== undefined && last !== number) {
      const place = this.#place[number] ?? 0;
      bucket[place] = last;
      this.#place[last] = place;
    }
    this.#add(number, level);
  }

  /** From the lowest level on. */
  *[Symbol.iterator](): Generator<number> {
    for (const bucket of this.#levels) if (bucket) yield* bucket;
  }

  #add(number: number, level: number): void {
    const bucket = (this.#levels[level] ??= []);
    this.#levelOf[number] = level;
    this.#place[number] = bucket.length;
    bucket.push(number);
  }
}

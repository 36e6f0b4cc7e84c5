// A binary heap of node numbers by score, the least first; of equal scores the lower number. Pure.

export class Heap {
  readonly #numbers: number[];
  readonly #scores: number[];

  constructor(numbers: readonly number[], scoreOf: (number: number) => number) {
    this.#numbers = [...numbers];
    this.#scores = this.#numbers.map(scoreOf);
    for (let at = (this.#numbers.length >> 1) - 1; at >= 0; at -= 1) this.#down(at);
  }

  get size(): number {
    return this.#numbers.length;
  }

  get top(): number | undefined {
    return this.#numbers[0];
  }

  get topScore(): number {
    return this.#scores[0] ?? Number.POSITIVE_INFINITY;
  }

  /** The first one has another score now. */
  rescoreTop(score: number): void {
    this.#scores[0] = score;
    this.#down(0);
  }

  dropTop(): void {
    const number = this.#numbers.pop();
    const score = this.#scores.pop();
    if (number === undefined || score === undefined || this.#numbers.length === 0) return;
    this.#numbers[0] = number;
    this.#scores[0] = score;
    this.#down(0);
  }

  #down(from: number): void {
    const numbers = this.#numbers;
    const scores = this.#scores;
    const number = numbers[from] ?? 0;
    const score = scores[from] ?? 0;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= numbers.length) break;
      if (child + 1 < numbers.length && this.#isBefore(child + 1, child)) child += 1;
      const childScore = scores[child] ?? 0;
      const childNumber = numbers[child] ?? 0;
      if (score < childScore || (score === childScore && number <= childNumber)) break;
      numbers[at] = childNumber;
      scores[at] = childScore;
      at = child;
    }
    numbers[at] = number;
    scores[at] = score;
  }

  #isBefore(a: number, b: number): boolean {
    const difference = (this.#scores[a] ?? 0) - (this.#scores[b] ?? 0);
    return difference < 0 || (difference === 0 && (this.#numbers[a] ?? 0) < (this.#numbers[b] ?? 0));
  }
}

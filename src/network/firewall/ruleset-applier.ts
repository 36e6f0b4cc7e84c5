// Tells the kernel a text that is always whole: one transaction at work, at most one waiting, and nothing told twice.

export class RulesetApplier {
  readonly #text: () => string;
  readonly #notify: (text: string) => Promise<void>;
  #notified: string | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** `text` is read when a transaction begins, so that all who wait share it. */
  constructor(text: () => string, notify: (text: string) => Promise<void>) {
    this.#text = text;
    this.#notify = notify;
  }

  /** Resolves when the kernel knows what the text is now, or a later one. */
  bring(): Promise<void> {
    if (this.#next) return this.#next;
    if (!this.#running) return this.#run();
    this.#next = this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#run();
      });
    return this.#next;
  }

  /** A transaction is at work, or waits. */
  get busy(): boolean {
    return this.#running !== undefined || this.#next !== undefined;
  }

  /** What was told may have been taken away by others: it is told again. */
  forget(): void {
    this.#notified = undefined;
  }

  #run(): Promise<void> {
    const text = this.#text();
    if (text === this.#notified) return Promise.resolve();
    this.#notified = undefined;
    this.#running = this.#notify(text)
      .then(() => {
        this.#notified = text;
      })
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }
}

// Undo in reverse order: what was acquired on the way to a failure is released; what succeeded is kept.
import type { Log } from './log.ts';
import { messageOf } from './errors.ts';

/**
 * Collects undo steps. `await using undo = new Undo(log)`; each success of a step adds its reverse; `keep()` at the end
 * forgets them. Leaving the scope before that runs them, last first; an undo that fails is logged and the rest go on.
 */
export class Undo implements AsyncDisposable {
  #steps: { what: string; run: () => void | Promise<void> }[] = [];
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  add(what: string, run: () => void | Promise<void>): void {
    this.#steps.push({ what, run });
  }

  keep(): void {
    this.#steps = [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const step of this.#steps.reverse()) {
      try {
        await step.run();
      } catch (error) {
        this.#log.warn(`undo of ${step.what}: ${messageOf(error)}`);
      }
    }
    this.#steps = [];
  }
}

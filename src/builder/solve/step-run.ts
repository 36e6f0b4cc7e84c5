// A program of the classic builder in its container: what it said, how it ended, and its files when it failed.
import { renameSync, rmSync } from 'node:fs';
import { rfc3339 } from '../../base/clock.ts';
import { StepFailure } from '../model/failure.ts';
import type { Workspace } from '../ops/workspace.ts';
import type { EndedStep } from '../../spec/berth/index.ts';
import type { StepContainers } from '../model/request.ts';
import type { Telling } from './telling.ts';

/** Output that is kept of one step; what comes after it is shown and not kept. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

export class StepRun implements Disposable {
  readonly #keep: StepContainers['keep'];
  readonly #workspace: Workspace;
  readonly #telling: Telling;
  readonly #started = rfc3339();
  readonly #output: EndedStep['output'][number][] = [];
  #finished = '';
  #bytes = 0;
  #files: string | undefined;
  exitCode = 0;

  constructor(keep: StepContainers['keep'], workspace: Workspace, telling: Telling) {
    this.#keep = keep;
    this.#workspace = workspace;
    this.#telling = telling;
    telling.container('running', workspace.id);
  }

  get keepsFailed(): boolean {
    return this.#keep !== 'none';
  }

  get isKept(): boolean {
    return this.#keep === 'all' || (this.#keep === 'failed' && this.exitCode !== 0);
  }

  get notified(): Pick<EndedStep, 'id' | 'exitCode' | 'started' | 'finished' | 'output'> {
    const [id, started, finished] = [this.#workspace.id, this.#started, this.#finished];
    return { id, exitCode: this.exitCode, started, finished, output: this.#output };
  }

  /** Of one that failed. */
  get files(): string | undefined {
    return this.#files;
  }

  readonly log = (stream: 1 | 2, data: Buffer): void => {
    this.#telling.log(stream, data);
    this.#bytes += data.length;
    if (this.keepsFailed && this.#bytes <= MAX_OUTPUT_BYTES) this.#output.push({ at: rfc3339(), stream, data });
  };

  /** Its end is that of `work`. The files of one that failed are moved to `place`, until it is disposed of. */
  async ended(work: Promise<void>, place: string): Promise<void> {
    const { id, upper } = this.#workspace;
    try {
      await work;
    } catch (error) {
      if (error instanceof StepFailure) {
        this.exitCode = error.code;
        if (this.isKept) {
          renameSync(upper, place);
          this.#files = place;
        }
      }
      // of one that could not be started dockerd says no more than why
      if (!this.isKept && error instanceof StepFailure) this.#telling.container('removed', id);
      throw error;
    } finally {
      this.#finished = rfc3339();
    }
    if (!this.isKept) this.#telling.container('removed', id);
  }

  [Symbol.dispose](): void {
    if (this.#files !== undefined) rmSync(this.#files, { recursive: true, force: true });
  }
}

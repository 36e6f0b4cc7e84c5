// Runs a scenario step by step, each with a limit of time, and keeps what came of each.
export interface StepResult {
  readonly name: string;
  /** Milliseconds. */
  readonly took: number;
  /** Absent when the step held. */
  readonly problem?: string;
}

/** A step that hangs is a failed one; what it started goes on. */
const STEP_LIMIT_MS = 400_000;

export class Steps {
  readonly results: StepResult[] = [];

  /** Never throws: a later step that needs this one fails by itself. */
  async step(name: string, work: () => Promise<void>): Promise<void> {
    const begin = Date.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done within ${STEP_LIMIT_MS / 1000} s`)), STEP_LIMIT_MS);
    });
    try {
      await Promise.race([work(), late]);
      this.results.push({ name, took: Date.now() - begin });
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      this.results.push({ name, took: Date.now() - begin, problem });
    } finally {
      clearTimeout(timer);
    }
  }
}

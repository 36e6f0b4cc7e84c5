// One exec of a container: what was asked for, and what became of it.
import type { Console } from '../../runtime/index.ts';
import type { ExecSpec } from '../create/index.ts';

export class Exec {
  readonly id: string;
  readonly containerId: string;
  readonly request: ExecSpec;
  /** Resolves when the process is there, or could not be made. */
  readonly started = Promise.withResolvers<void>();
  phase: 'created' | 'starting' | 'running' | 'ended' = 'created';
  exitCode: number | undefined;
  pid = 0;
  console: Console | undefined;

  constructor(id: string, containerId: string, request: ExecSpec) {
    this.id = id;
    this.containerId = containerId;
    this.request = request;
  }
}

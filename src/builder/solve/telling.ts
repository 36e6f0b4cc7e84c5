// One vertex of a build as it is told to whoever watches: each time something about it changes, with all of it.
import { nowNanos } from '../../base/clock.ts';
import type { BuildEvent, Vertex } from '../model/event.ts';

export class Telling {
  #vertex: Vertex;
  readonly #emit: (event: BuildEvent) => void;

  constructor(vertex: Vertex, emit: (event: BuildEvent) => void) {
    this.#vertex = vertex;
    this.#emit = emit;
  }

  cause(text: string): void {
    this.#vertex = { ...this.#vertex, cause: text };
  }

  start(): void {
    if (this.#vertex.started !== undefined) return;
    this.#notify({ started: nowNanos() });
  }

  end(end: { readonly cached?: boolean; readonly error?: string }): void {
    if (this.#vertex.completed !== undefined) return;
    this.start();
    this.#notify({ completed: nowNanos(), ...end });
  }

  #notify(change: Partial<Vertex>): void {
    this.#vertex = { ...this.#vertex, ...change };
    this.#emit({ kind: 'vertex', vertex: this.#vertex });
  }

  readonly log = (stream: 1 | 2, data: Uint8Array): void =>
    this.#emit({ kind: 'log', vertex: this.#vertex.id, stream, data, at: nowNanos() });

  container(phase: 'running' | 'removed', id: string): void {
    this.#emit({ kind: 'container', phase, vertex: this.#vertex.id, id });
  }

  readonly report = (status: {
    readonly id: string;
    readonly name?: string;
    readonly current: number;
    readonly total?: number;
    readonly done?: boolean;
  }): void => {
    const at = nowNanos();
    this.#emit({
      kind: 'status',
      vertex: this.#vertex.id,
      id: status.id,
      name: status.name ?? status.id,
      current: status.current,
      total: status.total ?? 0,
      at,
      ...(this.#vertex.started === undefined ? {} : { started: this.#vertex.started }),
      ...(status.done === true ? { completed: at } : {}),
    });
  };
}

// Builds that were: the last of them are remembered while the daemon lives, and told to those who ask for the history.
import { notFound, notImplemented } from '../../../base/errors.ts';
import type { BuildEvent } from '../../model/event.ts';
import type { Of } from '../protocol/codec.ts';
import {
  type HistoryEvent,
  type HistoryRecord,
  type HistoryRequest,
  type HistoryUpdate,
  timestamp,
} from '../protocol/messages.ts';
import type { Request } from './build.ts';

const MAX_RECORDS = 50;
const MAX_LISTENERS = 64;
const TYPE = { started: 0, complete: 1, deleted: 2 } as const;

type Record = Of<typeof HistoryRecord>;
type Event = Of<typeof HistoryEvent>;

export interface Running {
  readonly notify: (event: BuildEvent) => void;
  end(outcome: {
    readonly error?: { readonly code: number; readonly message: string };
    readonly response?: ReadonlyMap<string, string>;
  }): void;
}

export class History {
  readonly #records = new Map<string, Record>();
  readonly #listeners = new Set<(event: Event) => void>();

  start(ref: string, spec: Request): Running {
    const record: Record = {
      ref,
      frontend: spec.frontend,
      // values of arguments may be secrets: names are enough to know a build by
      frontendAttrs: new Map([...spec.attributes].filter(([key]) => !key.startsWith('build-arg:'))),
      exporters: spec.exporters,
      error: undefined,
      createdAt: timestamp(BigInt(Date.now()) * 1_000_000n),
      completedAt: undefined,
      exporterResponse: new Map(),
      cachedSteps: 0,
      totalSteps: 0,
      completedSteps: 0,
      warnings: 0,
    };
    const steps = new Map<string, { done: boolean; cached: boolean }>();
    let warnings = 0;
    this.#keep(record, TYPE.started);
    return {
      notify: (event) => {
        if (event.kind === 'warning') warnings += 1;
        if (event.kind === 'vertex')
          steps.set(event.vertex.id, {
            done: event.vertex.completed !== undefined,
            cached: event.vertex.cached ?? false,
          });
      },
      end: ({ error, response }) => {
        const all = [...steps.values()];
        this.#keep(
          {
            ...record,
            error,
            completedAt: timestamp(BigInt(Date.now()) * 1_000_000n),
            exporterResponse: response ?? new Map(),
            totalSteps: all.length,
            completedSteps: all.filter(({ done }) => done).length,
            cachedSteps: all.filter(({ cached }) => cached).length,
            warnings,
          },
          TYPE.complete,
        );
      },
    };
  }

  #keep(record: Record, type: number): void {
    this.#records.delete(record.ref);
    this.#records.set(record.ref, record);
    for (const [ref, { completedAt }] of this.#records) {
      if (this.#records.size <= MAX_RECORDS) break;
      if (completedAt) this.#records.delete(ref);
    }
    for (const listener of this.#listeners) listener({ type, record });
  }

  async listen(
    request: Of<typeof HistoryRequest>,
    send: (event: Event) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#listeners.size >= MAX_LISTENERS) throw notImplemented('too many listeners to the history of builds');
    const queue: Event[] = [];
    for (const record of this.#records.values()) {
      if (request.ref !== '' && record.ref !== request.ref) continue;
      if (record.completedAt === undefined) queue.push({ type: TYPE.started, record });
      else if (!request.activeOnly) queue.push({ type: TYPE.complete, record });
    }
    if (request.limit > 0) queue.splice(0, Math.max(0, queue.length - request.limit));
    let wake = (): void => undefined;
    const listener = (event: Event): void => {
      if (request.ref !== '' && event.record?.ref !== request.ref) return;
      if (queue.length < 1000) queue.push(event);
      wake();
    };
    const onAbort = (): void => wake();
    this.#listeners.add(listener);
    signal.addEventListener('abort', onAbort);
    try {
      for (;;) {
        for (let event = queue.shift(); event; event = queue.shift()) await send(event);
        if (request.earlyExit || signal.aborted) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      this.#listeners.delete(listener);
      signal.removeEventListener('abort', onAbort);
    }
  }

  update({ ref, delete: remove, pinned, finalize }: Of<typeof HistoryUpdate>): void {
    const record = this.#records.get(ref);
    if (!record) throw notFound(`record ${ref} not found`);
    if (pinned) throw notImplemented('pinned builds are not implemented by this daemon');
    if (remove) {
      this.#records.delete(ref);
      for (const listener of this.#listeners) listener({ type: TYPE.deleted, record });
    } else if (!finalize) throw notImplemented('this change of a build record is not implemented by this daemon');
  }
}

// What happened, for everyone who listens: a bounded memory of the past and the live stream.
import { nowNanos } from '../base/clock.ts';
import type { EventMessage, EventType } from '../spec/docker/index.ts';

/** How many past events `--since` can reach, as in dockerd. */
const REMEMBERED = 256;

export class EventBus {
  readonly #past: EventMessage[] = [];
  readonly #listeners = new Set<(event: EventMessage) => void>();

  emit(type: EventType, action: string, id: string, attributes: Readonly<Record<string, string>>): void {
    const timeNano = nowNanos();
    const event: EventMessage = {
      ...(type === 'container' || type === 'image'
        ? { status: action, id, ...(type === 'container' ? { from: attributes['image'] ?? '' } : {}) }
        : {}),
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: { ...attributes } },
      scope: 'local',
      time: Number(timeNano / 1_000_000_000n),
      timeNano,
    };
    this.#past.push(event);
    if (this.#past.length > REMEMBERED) this.#past.shift();
    for (const listener of this.#listeners) listener(event);
  }

  /** Past events in order; the bounds are nanoseconds, both included. */
  past(since: bigint, until: bigint | undefined): EventMessage[] {
    return this.#past.filter((event) => event.timeNano >= since && (until === undefined || event.timeNano <= until));
  }

  listen(listener: (event: EventMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }
}

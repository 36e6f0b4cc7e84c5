// What tasks use: processors on average since the last reading, memory now.
import { steadyNow } from '../../base/steady.ts';
import type { Usage } from '../wire/messages.ts';
import type { TaskContainers } from './ports.ts';

export class Meter {
  readonly #containers: TaskContainers;
  #before = new Map<string, { readonly at: number; readonly cpuNanos: number }>();

  constructor(containers: TaskContainers) {
    this.#containers = containers;
  }

  /** A task that is read for the first time is not in it: there is nothing to compare with. */
  async read(tasks: readonly { readonly task: string; readonly container: string }[]): Promise<Usage[]> {
    const next = new Map<string, { readonly at: number; readonly cpuNanos: number }>();
    const found = await Promise.all(
      tasks.map(async ({ task, container }): Promise<Usage[]> => {
        const used = await this.#containers.usage(container).catch(() => undefined);
        if (!used) return [];
        const at = steadyNow();
        next.set(task, { at, cpuNanos: used.cpuNanos });
        const last = this.#before.get(task);
        if (!last || at <= last.at || used.cpuNanos < last.cpuNanos) return [];
        const cpus = (used.cpuNanos - last.cpuNanos) / 1e6 / (at - last.at);
        return [[task, Math.round(cpus * 1000) / 1000, used.bytes]];
      }),
    );
    this.#before = next;
    return found.flat();
  }
}

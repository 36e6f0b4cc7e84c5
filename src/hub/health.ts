// What operators ask: whether the hub works, and what it has done, in Prometheus' text form.
import type { Exchange } from '../http/index.ts';

export class Metrics {
  readonly #requests = new Map<string, { count: number; seconds: number }>();

  /** `route` is a row of the table, so that names cannot make series without end. */
  count(method: string, route: string, status: number, seconds: number): void {
    const key = `method="${method}",route="${route}",status="${status}"`;
    const entry = this.#requests.get(key) ?? { count: 0, seconds: 0 };
    entry.count += 1;
    entry.seconds += seconds;
    this.#requests.set(key, entry);
  }

  text(): string {
    const rows = [...this.#requests];
    return [
      '# HELP hub_requests_total Requests that were answered.',
      '# TYPE hub_requests_total counter',
      ...rows.map(([labels, { count }]) => `hub_requests_total{${labels}} ${count}`),
      '# HELP hub_request_seconds_total Time that those took.',
      '# TYPE hub_request_seconds_total counter',
      ...rows.map(([labels, { seconds }]) => `hub_request_seconds_total{${labels}} ${seconds.toFixed(6)}`),
      '# HELP process_resident_memory_bytes Memory in use.',
      '# TYPE process_resident_memory_bytes gauge',
      `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
      '',
    ].join('\n');
  }
}

export function sendHealth(exchange: Exchange, isWell: boolean): void {
  exchange.json(isWell ? 200 : 503, { status: isWell ? 'ok' : 'the database cannot be read' });
}

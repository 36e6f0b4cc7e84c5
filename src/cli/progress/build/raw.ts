// Build events as `--progress rawjson` has them: one JSON object a line, BuildKit's status messages. Pure.
import { dropEnd } from '../../../base/ends.ts';
import type { ShownEvent } from '../../../spec/berth/build.ts';

export function rawLine(event: ShownEvent): string {
  return `${JSON.stringify(rawOf(event))}\n`;
}

function rawOf(event: ShownEvent): object {
  switch (event.kind) {
    case 'vertex': {
      const { id, name, inputs, started, completed, cached, error } = event.vertex;
      return {
        vertexes: [
          {
            digest: id,
            ...(inputs.length > 0 ? { inputs } : {}),
            name,
            ...(started === undefined ? {} : { started: rfc3339(started) }),
            ...(completed === undefined ? {} : { completed: rfc3339(completed) }),
            ...(cached ? { cached } : {}),
            ...(error === undefined ? {} : { error }),
          },
        ],
      };
    }
    case 'status': {
      const { vertex, id, name, current, total, at, started, completed } = event;
      return {
        statuses: [
          {
            id,
            vertex,
            name,
            ...(total > 0 ? { total } : {}),
            current,
            timestamp: rfc3339(at),
            ...(started === undefined ? {} : { started: rfc3339(started) }),
            ...(completed === undefined ? {} : { completed: rfc3339(completed) }),
          },
        ],
      };
    }
    case 'log':
      return { logs: [{ vertex: event.vertex, stream: event.stream, data: event.data, timestamp: rfc3339(event.at) }] };
    case 'warning': {
      const { vertex, rule, short, detail, url, file, source, ranges } = event;
      return {
        warnings: [
          {
            vertex,
            level: 1,
            short: Buffer.from(`${rule}: ${short}`).toString('base64'),
            detail: detail.map((line) => Buffer.from(line).toString('base64')),
            url,
            sourceInfo: { filename: file, data: source, language: 'Dockerfile' },
            range: ranges.map(({ startLine, endLine }) => ({ start: { line: startLine }, end: { line: endLine } })),
          },
        ],
      };
    }
    default:
      return event satisfies never;
  }
}

/** Nanoseconds since 1970 as time with nine digits. */
function rfc3339(nanos: string): string {
  const value = BigInt(nanos);
  const date = new Date(Number(value / 1_000_000n)).toISOString();
  const fraction = dropEnd(String(value % 1_000_000_000n).padStart(9, '0'), '0');
  return `${date.slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`;
}

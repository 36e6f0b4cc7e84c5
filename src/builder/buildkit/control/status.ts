// What happens in a build as BuildKit's status messages: a vertex with the last that is known of it, output joined.
import type { BuildEvent } from '../../model/event.ts';
import type { Of } from '../protocol/codec.ts';
import {
  type StatusResponse,
  timestamp,
  type Vertex,
  type VertexStatus,
  type VertexWarning,
} from '../protocol/messages.ts';

/** Output of one step in one message at most: clients take messages of 4 MiB. */
const MAX_LOG = 256 * 1024;

/** As BuildKit's frontend writes a finding of its checks; clients show it as it is. */
function warningText({ rule, short, ranges }: Extract<BuildEvent, { kind: 'warning' }>): string {
  const [first] = ranges;
  return first ? `${rule}: ${short} (line ${first.startLine})` : short;
}

export function gather(events: readonly BuildEvent[]): Partial<StatusResponse> {
  const vertexes = new Map<string, Of<typeof Vertex>>();
  const statuses = new Map<string, Of<typeof VertexStatus>>();
  const warnings: Of<typeof VertexWarning>[] = [];
  const logs: { vertex: string; at: bigint; stream: number; parts: Uint8Array[]; size: number }[] = [];
  for (const event of events) {
    switch (event.kind) {
      case 'vertex': {
        const { id, inputs, name, cached = false, started, completed, error = '' } = event.vertex;
        vertexes.set(id, {
          digest: id,
          inputs,
          name,
          cached,
          started: timestamp(started),
          completed: timestamp(completed),
          error: error === 'cancelled' ? 'context canceled' : error,
        });
        break;
      }
      case 'status':
        statuses.set(`${event.vertex} ${event.id}`, {
          id: event.id,
          vertex: event.vertex,
          name: event.name,
          current: event.current,
          total: event.total,
          timestamp: timestamp(event.at),
          started: timestamp(event.started ?? event.at),
          completed: timestamp(event.completed),
        });
        break;
      case 'log': {
        const last = logs.at(-1);
        if (last && last.vertex === event.vertex && last.stream === event.stream && last.size < MAX_LOG) {
          last.parts.push(event.data);
          last.size += event.data.length;
        } else
          logs.push({
            vertex: event.vertex,
            at: event.at,
            stream: event.stream,
            parts: [event.data],
            size: event.data.length,
          });
        break;
      }
      case 'warning':
        warnings.push({
          vertex: event.vertex,
          level: 1,
          short: Buffer.from(warningText(event)),
          detail: event.detail.map((line) => Buffer.from(line)),
          url: event.url,
          info: { filename: event.file, data: event.source, language: 'Dockerfile' },
          ranges: event.ranges.map(({ startLine, endLine }) => ({
            start: { line: startLine, character: 0 },
            end: { line: endLine, character: 0 },
          })),
        });
        break;
      case 'step':
      case 'container':
        break;
    }
  }
  return {
    vertexes: [...vertexes.values()],
    statuses: [...statuses.values()],
    logs: logs.map(({ vertex, at, stream, parts }) => ({
      vertex,
      timestamp: timestamp(at),
      stream,
      msg: parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts),
    })),
    warnings,
  };
}

// A vertex for what the builder does beside the steps of the graph.
import { messageOf } from '../../base/errors.ts';
import { nowNanos } from '../../base/clock.ts';
import { sha256 } from '../../base/ids.ts';
import type { BuildSink, Report } from './request.ts';

export function internalVertex(build: string, name: string): string {
  return sha256(`${build} ${name}`);
}

/** `prefix` is empty for what clients name themselves: exports and imports of caches. */
export async function internalStep<T>(
  sink: BuildSink,
  build: string,
  name: string,
  work: (report: Report) => Promise<T>,
  prefix = '[internal] ',
): Promise<T> {
  const vertex = { id: internalVertex(build, name), name: `${prefix}${name}`, inputs: [], started: nowNanos() };
  sink({ kind: 'vertex', vertex });
  const report: Report = (status) => {
    const at = nowNanos();
    sink({
      kind: 'status',
      vertex: vertex.id,
      id: status.id,
      name: status.name ?? status.id,
      current: status.current,
      total: status.total ?? 0,
      at,
      started: vertex.started,
      ...(status.done === true ? { completed: at } : {}),
    });
  };
  try {
    const value = await work(report);
    sink({ kind: 'vertex', vertex: { ...vertex, completed: nowNanos() } });
    return value;
  } catch (error) {
    sink({ kind: 'vertex', vertex: { ...vertex, completed: nowNanos(), error: messageOf(error) } });
    throw error;
  }
}

// What containers write, as it comes: their logs, told apart by container and stream.
import { type Client, Demux } from '../../../client/index.ts';
import { LABEL, type ObservedContainer } from '../../../compose/index.ts';
import { LineSplitter } from './log-lines.ts';

export interface LogQuery {
  readonly follow: boolean;
  readonly tail?: string;
  readonly since?: string;
  readonly until?: string;
  readonly timestamps?: boolean;
}

export type LineSink = (line: string, stream: 'stdout' | 'stderr') => void;

/** Reads a container's log to its end, which with `follow` is that of the container. */
export async function readLog(
  client: Client,
  id: string,
  query: LogQuery,
  sink: LineSink,
  signal?: AbortSignal,
): Promise<void> {
  const answer = await client.stream('ContainerLogs', {
    params: { id },
    query: {
      stdout: true,
      stderr: true,
      ...(query.follow ? { follow: true } : {}),
      ...(query.timestamps === true ? { timestamps: true } : {}),
      ...(query.tail === undefined || query.tail === '' ? {} : { tail: query.tail }),
      ...(query.since === undefined ? {} : { since: query.since }),
      ...(query.until === undefined ? {} : { until: query.until }),
    },
    ...(signal === undefined ? {} : { signal }),
  });
  const stdout = new LineSplitter((line) => sink(line, 'stdout'));
  const stderr = new LineSplitter((line) => sink(line, 'stderr'));
  const type = answer.head.headers.get('content-type') ?? '';
  const isRaw = /multiplexed-stream/.test(type)
    ? false
    : /raw-stream/.test(type) || (await client.call('ContainerInspect', { params: { id } })).Config.Tty;
  const demux = new Demux((stream, data) => (stream === 'stderr' ? stderr : stdout).push(data));
  try {
    for await (const chunk of answer.body) {
      if (isRaw) stdout.push(chunk);
      else demux.push(chunk);
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
  stdout.end();
  stderr.end();
}

/** `web-1`; a container with a name of its own has that. */
export function shownName({ name, service, number, isOneOff, summary }: ObservedContainer): string {
  const project = summary.Labels[LABEL.project] ?? '';
  if (isOneOff) return name.startsWith(`${project}-`) ? name.slice(project.length + 1) : name;
  return name === `${project}-${service}-${number}` ? `${service}-${number}` : name;
}

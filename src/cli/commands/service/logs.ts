// `service logs`: what all tasks of a service, or one task, wrote, each line with the task that wrote it.
import { Demux, type StreamName } from '../../../client/index.ts';
import { exactly, Failure, flag } from '../../grammar/index.ts';
import { type Context, command } from '../../session/context.ts';
import { timeFlag } from '../shared/time.ts';
import { headsOf } from './log-heads.ts';
import { splitDetails } from './log-lines.ts';

export const logs = command({
  use: '[OPTIONS] SERVICE|TASK',
  description: 'Fetch the logs of a service or task',
  args: exactly(1),
  flags: {
    details: flag.bool('', 'Show extra details provided to logs'),
    follow: flag.bool('f', 'Follow log output'),
    'no-resolve': flag.bool('', 'Do not map IDs to Names in output'),
    'no-task-ids': flag.bool('', 'Do not include task IDs in output'),
    'no-trunc': flag.bool('', 'Do not truncate output'),
    raw: flag.bool('', 'Do not neatly format logs'),
    since: flag.string(
      '',
      'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    ),
    tail: flag.string('n', 'Number of lines to show from the end of the logs', 'all'),
    timestamps: flag.bool('t', 'Show timestamps'),
  },
  async run(context, { flags, args: [id = ''] }) {
    const { client } = context;
    const { since } = timeFlag('since', flags.since);
    const route = await routeOf(context, id);
    const head = flags.raw ? undefined : await headsOf(client, flags);
    const answer = await client.stream(route, {
      params: { id },
      query: {
        stdout: true,
        stderr: true,
        details: !flags.raw || flags.details,
        follow: flags.follow,
        timestamps: flags.timestamps,
        tail: flags.tail,
        // whole seconds are what this request takes
        ...(since === undefined ? {} : { since: Math.floor(Number(since)) }),
      },
    });
    const shown = async (data: Buffer): Promise<Uint8Array> => {
      if (!head && flags.details) return data;
      const text = data.toString();
      const { before, details, line } = splitDetails(text);
      if (!head) return details.size === 0 ? data : Buffer.from(before + line);
      const rest = flags.details ? text : `${before}${line}`;
      return Buffer.from(`${await head(details)}    | ${rest}`);
    };
    const frames = new Frames();
    const isRaw = /raw-stream/.test(answer.head.headers.get('content-type') ?? '');
    for await (const chunk of answer.body) {
      if (isRaw) context.out(chunk);
      else
        for (const { stream, data } of frames.push(chunk))
          if (stream === 'stderr') context.err(await shown(data));
          else context.out(await shown(data));
    }
    return 0;
  },
});

/** Whole frames, since what a line is from stands before it. */
class Frames {
  readonly #whole: { readonly stream: StreamName; readonly data: Buffer }[] = [];
  #parts: Buffer[] = [];
  readonly #demux = new Demux((stream, data, isEnd) => {
    this.#parts.push(data);
    if (!isEnd) return;
    this.#whole.push({ stream, data: Buffer.concat(this.#parts) });
    this.#parts = [];
  });

  push(chunk: Buffer): readonly { readonly stream: StreamName; readonly data: Buffer }[] {
    this.#demux.push(chunk);
    return this.#whole.splice(0);
  }
}

/** A service before a task, as Docker looks. */
async function routeOf({ client }: Context, id: string): Promise<'ServiceLogs' | 'TaskLogs'> {
  if (await there(client.json('ServiceInspect', { params: { id } }))) return 'ServiceLogs';
  if (await there(client.json('TaskInspect', { params: { id } }))) return 'TaskLogs';
  throw new Failure(`no such task or service: ${id}`);
}

function there(asked: Promise<unknown>): Promise<boolean> {
  return asked.then(
    () => true,
    (error: unknown) => {
      if ((error as { kind?: string }).kind === 'notFound') return false;
      throw error;
    },
  );
}

// `service logs`: what all tasks of a service, or one task, wrote, each line with the task that wrote it.
import { Demux } from '../../../client/index.ts';
import { exactly, Failure, flag } from '../../grammar/index.ts';
import { type Context, command } from '../../session/context.ts';
import type { NodeSummary } from '../node/ls.ts';
import { timestamp } from '../shared/time.ts';
import { lineHead, splitDetails } from './log-lines.ts';
import type { ServiceSummary } from './ls.ts';

interface TaskSummary {
  readonly ID: string;
  readonly ServiceID: string;
  readonly NodeID?: string;
  readonly Slot?: number;
  readonly Spec: { readonly ContainerSpec: { readonly TTY?: boolean } };
}

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
    const route = await routeOf(context, id);
    const head = flags.raw ? undefined : await heads(context, flags);
    const answer = await client.stream(route, {
      params: { id },
      query: {
        stdout: true,
        stderr: true,
        details: !flags.raw || flags.details,
        follow: flags.follow,
        timestamps: flags.timestamps,
        tail: flags.tail,
        ...since(flags.since),
      },
    });
    const shown = (data: Uint8Array): Uint8Array => {
      const text = Buffer.from(data).toString();
      const { before, details, line } = splitDetails(text);
      if (!head) return flags.details || details.size === 0 ? data : Buffer.from(before + line);
      const rest = flags.details ? text : `${before}${line}`;
      return Buffer.from(`${head(details)}    | ${rest}`);
    };
    const demux = new Demux((stream, data) =>
      stream === 'stderr' ? context.err(shown(data)) : context.out(shown(data)),
    );
    const isRaw = /raw-stream/.test(answer.head.headers.get('content-type') ?? '');
    for await (const chunk of answer.body) {
      if (isRaw) context.out(chunk);
      else demux.push(chunk);
    }
    return 0;
  },
});

function since(text: string): Record<string, string> {
  if (text === '') return {};
  try {
    // the API takes whole seconds
    return { since: timestamp(text).replace(/\..*/, '') };
  } catch (error) {
    throw new Failure(`invalid value for "since": ${(error as Error).message}`);
  }
}

/** A service before a task, as Docker looks. */
async function routeOf({ client }: Context, id: string): Promise<'ServiceLogs' | 'TaskLogs'> {
  if (await there(client.json<ServiceSummary>('ServiceInspect', { params: { id } }))) return 'ServiceLogs';
  if (await there(client.json<TaskSummary>('TaskInspect', { params: { id } }))) return 'TaskLogs';
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

interface Shown {
  readonly 'no-resolve': boolean;
  readonly 'no-task-ids': boolean;
  readonly 'no-trunc': boolean;
}

/** What stands before a line of a task; those that come later are asked for by their ids alone. */
async function heads({ client }: Context, flags: Shown): Promise<(details: ReadonlyMap<string, string>) => string> {
  const [nodes, services, tasks] = await Promise.all([
    client.json<NodeSummary[]>('NodeList'),
    client.json<ServiceSummary[]>('ServiceList'),
    client.json<TaskSummary[]>('TaskList'),
  ]);
  const names = {
    nodes: new Map(nodes.map(({ ID, Description }) => [ID, Description.Hostname])),
    services: new Map(services.map(({ ID, Spec }) => [ID, Spec.Name])),
    slots: new Map(tasks.map(({ ID, Slot }) => [ID, Slot])),
  };
  const options = { resolves: !flags['no-resolve'], hasIds: !flags['no-task-ids'], cuts: !flags['no-trunc'] };
  return (details) => lineHead(details, names, options);
}

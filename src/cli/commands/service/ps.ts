// `service ps` and `node ps`: tasks, where they are and what became of them.
import { humanDuration } from '../../../base/units.ts';
import { type Context, command } from '../../session/context.ts';
import { renderRows } from '../../format/index.ts';
import { atLeast, atMost, FORMAT_HELP, type Filters, flag } from '../../grammar/index.ts';
import { ellipsis } from '../shared/ellipsis.ts';
import type { NodeSummary } from '../node/ls.ts';
import { title } from '../node/ls.ts';
import type { ServiceSummary } from './ls.ts';

interface TaskSummary {
  readonly ID: string;
  readonly CreatedAt: string;
  readonly ServiceID: string;
  readonly Slot?: number;
  readonly NodeID?: string;
  readonly DesiredState: string;
  readonly Spec: { readonly ContainerSpec: { readonly Image: string } };
  readonly Status: { readonly Timestamp: string; readonly State: string; readonly Err?: string };
}

const KIND = {
  typeName: '*task.taskContext',
  titles: {
    ID: 'ID',
    Name: 'NAME',
    Image: 'IMAGE',
    Node: 'NODE',
    DesiredState: 'DESIRED STATE',
    CurrentState: 'CURRENT STATE',
    Error: 'ERROR',
    Ports: 'PORTS',
  },
};
const TABLE =
  'table {{.ID}}\t{{.Name}}\t{{.Image}}\t{{.Node}}\t{{.DesiredState}}\t{{.CurrentState}}\t{{.Error}}\t{{.Ports}}';
const ERROR_WIDTH = 30;

/** What `ps` of services, nodes and stacks have in common. */
export const psFlags = {
  filter: flag.filter('f', 'Filter output based on conditions provided'),
  format: flag.string('', FORMAT_HELP),
  'no-resolve': flag.bool('', 'Do not map IDs to Names'),
  'no-trunc': flag.bool('', 'Do not truncate output'),
  quiet: flag.bool('q', 'Only display task IDs'),
};

interface Shown {
  readonly filter: Filters;
  readonly format: string;
  readonly 'no-resolve': boolean;
  readonly 'no-trunc': boolean;
  readonly quiet: boolean;
}

export const ps = command({
  use: '[OPTIONS] SERVICE [SERVICE...]',
  description: 'List the tasks of one or more services',
  args: atLeast(1),
  flags: psFlags,
  run: (context, { flags: shown, args }) => show(context, 'service', args, shown),
});

export const nodePs = command({
  use: '[OPTIONS] [NODE...]',
  description: 'List tasks running on one or more nodes, defaults to current node',
  args: atMost(64),
  flags: psFlags,
  run: (context, { flags: shown, args }) => show(context, 'node', args.length === 0 ? ['self'] : args, shown),
});

function show(context: Context, of: string, names: readonly string[], shown: Shown): Promise<number> {
  return showTasks(context, new Map([...shown.filter, [of, [...names]]]), shown);
}

/** `none` is said where no task fits, and then the exit code is 1. */
export async function showTasks(context: Context, filters: Filters, shown: Shown, none = ''): Promise<number> {
  const { client } = context;
  const [tasks, nodes, services] = await Promise.all([
    client.json<TaskSummary[]>('TaskList', { query: { filters } }),
    shown['no-resolve'] ? [] : client.json<NodeSummary[]>('NodeList'),
    shown['no-resolve'] ? [] : client.json<ServiceSummary[]>('ServiceList'),
  ]);
  if (tasks.length === 0 && none !== '') {
    context.err(`${none}\n`);
    return 1;
  }
  const hosts = new Map(nodes.map(({ ID, Description }) => [ID, Description.Hostname]));
  const titles = new Map(services.map(({ ID, Spec }) => [ID, Spec.Name]));
  const slot = ({ ServiceID, Slot, NodeID }: TaskSummary): string =>
    `${titles.get(ServiceID) ?? ServiceID}.${Slot ?? NodeID ?? ''}`;
  const sorted = tasks.sort((a, b) => compareSlots(slot(a), slot(b)) || (a.CreatedAt < b.CreatedAt ? 1 : -1));
  const rows = sorted.map((task, index) => {
    const before = sorted[index - 1];
    const again = before !== undefined && slot(before) === slot(task) && !shown.quiet && shown.format === '';
    const error = task.Status.Err ? `"${task.Status.Err}"` : '';
    return {
      ID: shown['no-trunc'] ? task.ID : task.ID.slice(0, 12),
      Name: `${again ? ' \\_ ' : ''}${slot(task)}`,
      Image: task.Spec.ContainerSpec.Image.replace(/@sha256:.*/, ''),
      Node: hosts.get(task.NodeID ?? '') ?? task.NodeID ?? '',
      DesiredState: title(task.DesiredState),
      CurrentState: `${title(task.Status.State)} ${ago(task.Status.Timestamp)}`,
      Error: shown['no-trunc'] ? error : ellipsis(error, ERROR_WIDTH),
      Ports: '',
    };
  });
  const format = shown.format === '' || shown.format === 'table' ? (shown.quiet ? '{{.ID}}' : TABLE) : shown.format;
  context.out(renderRows(format, rows, KIND));
  return 0;
}

function compareSlots(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

function ago(time: string): string {
  const seconds = Math.max(0, (Date.now() - Date.parse(time)) / 1000);
  return `${humanDuration(seconds).toLowerCase()} ago`;
}

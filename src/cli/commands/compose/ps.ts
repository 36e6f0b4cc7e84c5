// `compose ps`: the containers of a project.
import { humanDuration } from '../../../base/units.ts';
import type { ObservedContainer } from '../../../compose/index.ts';
import type { ContainerInspect } from '../../../spec/docker/container.ts';
import { renderRows, type Row } from '../../format/index.ts';
import { any, Failure, flag } from '../../grammar/index.ts';
import { ellipsis } from '../shared/ellipsis.ts';
import { goTime } from '../shared/time.ts';
import { displayPorts } from '../container/ports.ts';
import { type ComposeContext, composeCommand, dryRun } from './command/command.ts';
import { checkServices, containersOf, projectOrName } from './command/project.ts';

const TABLE = 'table {{.Name}}\t{{.Image}}\t{{.Command}}\t{{.Service}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}';
const KIND = {
  typeName: '*formatter.ContainerContext',
  titles: {
    ID: 'CONTAINER ID',
    Name: 'NAME',
    Names: 'NAMES',
    Service: 'SERVICE',
    Project: 'PROJECT',
    Image: 'IMAGE',
    Command: 'COMMAND',
    CreatedAt: 'CREATED AT',
    RunningFor: 'CREATED',
    Ports: 'PORTS',
    State: 'STATE',
    Status: 'STATUS',
    Size: 'SIZE',
    Labels: 'LABELS',
    Mounts: 'MOUNTS',
    LocalVolumes: 'LOCAL VOLUMES',
    Networks: 'NETWORKS',
    ExitCode: 'EXIT CODE',
    Health: 'HEALTH',
    Publishers: 'PUBLISHERS',
  },
};

const STATES = ['paused', 'restarting', 'removing', 'running', 'dead', 'created', 'exited'];

export const ps = composeCommand({
  use: '[OPTIONS] [SERVICE...]',
  description: 'List containers',
  flags: {
    ...dryRun,
    all: flag.bool('a', 'Show all stopped containers (including those created by the run command)'),
    filter: flag.string('', 'Filter services by a property (supported filters: status)'),
    format: flag.string(
      '',
      "Format output using a custom template:\n'table':            Print output in table format with column headers (default)\n'table TEMPLATE':   Print output in table format using the given Go template\n'json':             Print in JSON format\n'TEMPLATE':         Print output using the given Go template.\nRefer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates",
      'table',
    ),
    'no-trunc': flag.bool('', "Don't truncate output"),
    orphans: flag.bool('', 'Include orphaned services (not declared by project)', true),
    quiet: flag.bool('q', 'Only display IDs'),
    services: flag.bool('', 'Display services'),
    status: {
      ...flag.list('', `Filter services by status. Values: [${STATES.join(' | ')}]`),
      word: 'stringArray',
    },
  },
  args: any,
  run: async (context, { flags, args }) => {
    const status = [...flags.status, ...statusOfFilter(flags.filter)];
    const named = projectOrName(context);
    let containers = await containersOf(context, named, args, flags.all || status.length > 0 ? 'all' : 'services');
    checkServices(named, args, containers);
    const known = named.loaded?.project.services;
    if (!flags.orphans && known !== undefined)
      containers = containers.filter(({ service }) => Object.hasOwn(known, service));
    if (status.length > 0) containers = containers.filter(({ state }) => status.includes(state));
    else if (!flags.all) containers = containers.filter(({ state }) => !['exited', 'created', 'dead'].includes(state));
    containers.sort((a, b) => (a.name < b.name ? -1 : 1));
    if (flags.quiet) context.out(containers.map(({ id }) => `${id}\n`).join(''));
    else if (flags.services)
      context.out([...new Set(containers.map(({ service }) => service))].map((one) => `${one}\n`).join(''));
    else await print(context, containers, flags.format, !flags['no-trunc']);
    return 0;
  },
});

function statusOfFilter(filter: string): string[] {
  if (filter === '') return [];
  const [key = '', value] = filter.split(/=(.*)/s);
  if (value === undefined) throw new Failure('arguments to --filter should be in form KEY=VAL');
  if (key === 'status') return [value];
  if (key === 'source') throw new Failure('not implemented');
  throw new Failure(`unknown filter ${key}`);
}

async function print(
  context: ComposeContext,
  containers: readonly ObservedContainer[],
  format: string,
  truncates: boolean,
): Promise<void> {
  const { client } = context.cli;
  const wants = format === 'json' || /ExitCode|Health/.test(format);
  const inspected = new Map<string, ContainerInspect>();
  if (wants)
    await Promise.all(
      containers.map(async ({ id }) => inspected.set(id, await client.call('ContainerInspect', { params: { id } }))),
    );
  const rows = containers.map((one) => row(one, truncates, inspected.get(one.id)));
  context.out(renderRows(format === 'table' || format === '' ? TABLE : format, rows, KIND));
}

function row(
  { id, name, service, summary }: ObservedContainer,
  truncates: boolean,
  inspected: ContainerInspect | undefined,
): Row {
  const labels = summary.Labels;
  const ago = humanDuration(Date.now() / 1000 - summary.Created);
  return {
    Command: JSON.stringify(truncates ? ellipsis(summary.Command, 20) : summary.Command),
    CreatedAt: goTime(summary.Created),
    ExitCode: inspected?.State.ExitCode ?? 0,
    Health: inspected?.State.Health?.Status ?? '',
    ID: truncates ? id.slice(0, 12) : id,
    Image: summary.Image,
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join(','),
    LocalVolumes: String(summary.Mounts.filter((mount) => mount.Driver === 'local').length),
    Mounts: summary.Mounts.map((mount) => mount.Name || mount.Source)
      .map((text) => (truncates ? ellipsis(text, 15) : text))
      .join(','),
    Name: name,
    Names: name,
    Networks: Object.keys(summary.NetworkSettings.Networks).join(','),
    Ports: displayPorts(summary.Ports),
    Project: labels['com.docker.compose.project'] ?? '',
    Publishers: summary.Ports.map((port) => ({
      URL: port.IP ?? '',
      TargetPort: port.PrivatePort,
      PublishedPort: port.PublicPort ?? 0,
      Protocol: port.Type,
    })),
    RunningFor: `${ago} ago`,
    Service: service,
    Size: '0B',
    State: summary.State,
    Status: summary.Status,
    Label: (key: unknown) => labels[String(key)] ?? '',
  };
}

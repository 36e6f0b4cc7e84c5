// `ps`: the list of containers.
import { humanDuration, humanSize } from '../../../base/units.ts';
import type { ContainerSummary } from '../../../spec/docker/container.ts';
import { command } from '../../session/context.ts';
import { parse, renderRows, type Row, TemplateError } from '../../format/index.ts';
import { Failure, type Filters, FORMAT_HELP, flag, none } from '../../grammar/index.ts';
import { isImageId, parseReference } from '../../../spec/docker/shorthand/index.ts';
import { ellipsis } from '../shared/ellipsis.ts';
import { goTime } from '../shared/time.ts';
import { displayPorts } from './ports.ts';

const TABLE = 'table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}';
const RAW = `container_id: {{.ID}}
image: {{.Image}}
command: {{.Command}}
created_at: {{.CreatedAt}}
state: {{- pad .State 1 0}}
status: {{- pad .Status 1 0}}
names: {{.Names}}
labels: {{- pad .Labels 1 0}}
ports: {{- pad .Ports 1 0}}
`;

const KIND = {
  typeName: '*formatter.ContainerContext',
  failure: 'failed to execute template',
  titles: {
    ID: 'CONTAINER ID',
    Names: 'NAMES',
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
    Platform: 'PLATFORM',
  },
};

const flags = {
  all: flag.bool('a', 'Show all containers (default shows just running)'),
  filter: flag.filter('f', 'Filter output based on conditions provided'),
  format: flag.string('', FORMAT_HELP),
  last: flag.int('n', 'Show n last created containers (includes all states)', -1),
  latest: flag.bool('l', 'Show the latest created container (includes all states)'),
  'no-trunc': flag.bool('', "Don't truncate output"),
  quiet: flag.bool('q', 'Only display container IDs'),
  size: flag.bool('s', 'Display total file sizes'),
} as const;

const list = (use: string) =>
  command({
    use,
    description: 'List containers',
    aliases: 'docker container ls, docker container list, docker container ps, docker ps',
    args: none,
    flags,
    async run(context, { flags: given, changed }) {
      const { psFormat } = context.config();
      const own = given.format || (typeof psFormat === 'string' ? psFormat : '');
      if (given.format !== '' && given.quiet) {
        context.err('WARNING: Ignoring custom format, because both --format and --quiet are set.\n');
      }
      if (own !== '') checkFormat(own);
      const size = given.size || (!given.quiet && !changed('size') && /\.Size\b|\bjson \.(?!\w)/.test(own));
      const limit = given.latest && given.last === -1 ? 1 : given.last;
      const containers = await context.client.call('ContainerList', {
        query: {
          ...(given.all ? { all: true } : {}),
          ...(limit > 0 ? { limit } : {}),
          ...(size ? { size: true } : {}),
          filters: given.filter satisfies Filters,
        },
      });
      const rows = containers.map((one) => containerRow(one, !given['no-trunc']));
      context.out(renderRows(chooseFormat(own, given.quiet, size), rows, KIND));
      return 0;
    },
  });

export const ps = list('[OPTIONS]');

const NOTHING = {
  Id: '',
  Names: [],
  Image: '',
  ImageID: '',
  Command: '',
  Created: 0,
  Ports: [],
  State: '',
  Status: '',
  Mounts: [],
} as unknown as ContainerSummary;

/** Tried on a container without content, before the daemon is asked. Throws Failure. */
function checkFormat(format: string): void {
  const template = parse(format, '', 1, 'failed to parse template');
  try {
    template.run({ ...containerRow(NOTHING, true), Names: '', Image: '' }, { typeName: KIND.typeName });
  } catch (error) {
    if (error instanceof TemplateError) throw new Failure(`failed to execute template: ${error.message}`);
    throw error;
  }
}

function chooseFormat(format: string, quiet: boolean, size: boolean): string {
  if (format === '' || format === 'table') return quiet ? '{{.ID}}' : `${TABLE}${size ? '\t{{.Size}}' : ''}`;
  if (format === 'raw') return quiet ? 'container_id: {{.ID}}' : `${RAW}${size ? 'size: {{.Size}}\n' : ''}`;
  return quiet ? '{{.ID}}' : format;
}

/** The placeholders of one container. `trunc` shortens ids, commands and names. */
export function containerRow(container: ContainerSummary, trunc: boolean): Row {
  const labels = container.Labels ?? {};
  return {
    get ID() {
      return trunc ? container.Id.slice(0, 12) : container.Id;
    },
    get Names() {
      const names = container.Names.map((name) => name.slice(1));
      const plain = trunc ? names.find((name) => !name.includes('/')) : undefined;
      return plain ?? names.join(',');
    },
    get Image() {
      return shownImage(container, trunc);
    },
    get Command() {
      return JSON.stringify(trunc ? ellipsis(container.Command, 20) : container.Command);
    },
    get CreatedAt() {
      return goTime(container.Created);
    },
    get RunningFor() {
      return `${humanDuration(Date.now() / 1000 - container.Created)} ago`;
    },
    get Platform() {
      return null;
    },
    get Ports() {
      return displayPorts(container.Ports);
    },
    State: container.State,
    Status: container.Status,
    get Size() {
      const own = humanSize(container.SizeRw ?? 0, 3);
      const all = container.SizeRootFs ?? 0;
      return all > 0 ? `${own} (virtual ${humanSize(all, 3)})` : own;
    },
    get Labels() {
      return Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join(',');
    },
    Label: (name: unknown) => labels[String(name)] ?? '',
    get Mounts() {
      return container.Mounts.map((mount) => mount.Name || mount.Source)
        .map((name) => (trunc ? ellipsis(name, 15) : name))
        .join(',');
    },
    get LocalVolumes() {
      return String(container.Mounts.filter((mount) => mount.Driver === 'local').length);
    },
    get Networks() {
      return Object.keys(container.NetworkSettings?.Networks ?? {}).join(',');
    },
  };
}

function shownImage(container: ContainerSummary, trunc: boolean): string {
  const { Image: image } = container;
  if (image === '') return '<no image>';
  if (!trunc) return image;
  const short = (id: string): string => id.replace(/^sha256:/, '').slice(0, 12);
  if (short(container.ImageID) === short(image)) return short(image);
  if (isImageId(image)) return image;
  try {
    const { name, tag } = parseReference(image);
    return tag === undefined ? name : `${name}:${tag}`;
  } catch {
    return image;
  }
}

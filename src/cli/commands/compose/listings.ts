// `compose top`, `port`, `images`, `ls`, `volumes`, `stats`: what there is, in tables.
import { goRegExp } from '../../../base/go-regexp.ts';
import { humanDuration, humanSize } from '../../../base/units.ts';
import { LABEL, type ObservedContainer } from '../../../compose/index.ts';
import type { ImageInspect } from '../../../spec/docker/image.ts';
import { renderRows, tabulate } from '../../format/index.ts';
import { any, atLeast, Failure, flag, none } from '../../grammar/index.ts';
import { volumeRow, VOLUME_KIND } from '../volume/ls.ts';
import { type ComposeContext, composeCommand, dryRun } from './command/command.ts';
import { checkServices, containerOf, containersOf, projectOrName } from './command/project.ts';

const FORMAT = { format: flag.string('', 'Format the output. Values: [table | json]', 'table') } as const;
const WIDE = { minWidth: 20, padding: 3 } as const;

const rowsOf = (rows: readonly (readonly string[])[]): string => rows.map((cells) => `${cells.join('\t')}\n`).join('');

function checkFormat(format: string): void {
  if (format !== 'table' && format !== 'json' && format !== '')
    throw new Failure(`format value ${JSON.stringify(format)} could not be parsed: parsing failed`);
}

export const top = composeCommand({
  use: '[SERVICES...]',
  description: 'Display the running processes',
  flags: { ...dryRun },
  args: any,
  run: async (context, { args }) => {
    const containers = (await containersOf(context, projectOrName(context), args)).filter(
      ({ state }) => state === 'running' || state === 'paused',
    );
    const seen = await Promise.all(
      containers.map(async (one) => ({
        one,
        top: await context.cli.client.call('ContainerTop', { params: { id: one.id } }),
      })),
    );
    const titles = [...new Set(seen.flatMap(({ top: { Titles } }) => Titles))];
    const rows = seen.flatMap(({ one, top: { Titles, Processes } }) =>
      Processes.map((process) => [
        one.service,
        String(one.number),
        ...titles.map((title) => process[Titles.indexOf(title)] ?? '-'),
      ]),
    );
    if (rows.length > 0)
      context.out(tabulate(rowsOf([['SERVICE', '#', ...titles], ...rows]), { minWidth: 0, padding: 2 }));
    return 0;
  },
});

export const port = composeCommand({
  use: '[OPTIONS] SERVICE PRIVATE_PORT',
  description: 'Print the public port for a port binding',
  flags: {
    ...dryRun,
    index: flag.int('', 'Index of the container if service has multiple replicas'),
    protocol: flag.string('', 'tcp or udp', 'tcp'),
  },
  args: atLeast(2),
  run: async (context, { flags, args: [service = '', inside = ''] }) => {
    if (!/^\d+$/.test(inside) || Number(inside) > 65_535)
      throw new Failure(`strconv.ParseUint: parsing ${JSON.stringify(inside)}: invalid syntax`);
    const protocol = flags.protocol.toLowerCase();
    const { name, summary } = await containerOf(context, service, flags.index);
    const found = summary.Ports.find((one) => one.PrivatePort === Number(inside) && one.Type === protocol);
    if (found?.PublicPort !== undefined) {
      const { IP: ip = '' } = found;
      context.out(`${ip.includes(':') ? `[${ip}]` : ip}:${found.PublicPort}\n`);
      return 0;
    }
    const others = summary.Ports.map(({ PublicPort = 0, Type }) => `${PublicPort}/${Type}`).join(', ');
    throw new Failure(`no port ${inside}/${protocol} for container ${name}: ${others}`);
  },
});

export const images = composeCommand({
  use: '[OPTIONS] [SERVICE...]',
  description: 'List images used by the created containers',
  flags: { ...dryRun, ...FORMAT, quiet: flag.bool('q', 'Only display IDs') },
  args: any,
  run: async (context, { flags, args }) => {
    const containers = await containersOf(context, projectOrName(context), args, 'all');
    containers.sort((a, b) => (a.name < b.name ? -1 : 1));
    const found = await imagesOf(context, containers);
    if (flags.quiet) {
      const ids = [...new Set(found.map(({ image }) => image.Id.replace(/^sha256:/, '')))];
      context.out(ids.map((id) => `${id}\n`).join(''));
      return 0;
    }
    checkFormat(flags.format);
    const rows = found.map(({ name, image, reference }) => {
      const [repository, tag] = splitReference(reference);
      const platform = [image.Os, image.Architecture, image.Variant].filter(Boolean).join('/');
      return { name, image, repository, tag, platform };
    });
    if (flags.format === 'json') {
      const list = rows.map(({ name, image, repository, tag, platform }) => ({
        ID: image.Id,
        ContainerName: name,
        Repository: repository,
        Tag: tag,
        Platform: platform,
        Size: image.Size,
        LastTagTime: image.Metadata?.LastTagTime ?? '0001-01-01T00:00:00Z',
      }));
      context.out(`${JSON.stringify(list)}\n`);
      return 0;
    }
    const head = ['CONTAINER', 'REPOSITORY', 'TAG', 'PLATFORM', 'IMAGE ID', 'SIZE', 'CREATED'];
    const table = rows.map(({ name, image, repository, tag, platform }) => [
      name,
      repository || '<none>',
      tag || '<none>',
      platform,
      image.Id.replace(/^sha256:/, '').slice(0, 12),
      humanSize(image.Size, 3),
      image.Metadata?.LastTagTime === undefined
        ? 'N/A'
        : `${humanDuration((Date.now() - Date.parse(image.Metadata.LastTagTime)) / 1000)} ago`,
    ]);
    context.out(tabulate(rowsOf([head, ...table]), WIDE));
    return 0;
  },
});

async function imagesOf(context: ComposeContext, containers: readonly ObservedContainer[]) {
  const asked = new Map<string, Promise<ImageInspect>>();
  return Promise.all(
    containers.map(async ({ name, summary }) => {
      const id = summary.ImageID;
      const image = asked.get(id) ?? context.cli.client.call('ImageInspect', { params: { name: id } });
      asked.set(id, image);
      return { name, image: await image, reference: summary.Image };
    }),
  );
}

function splitReference(reference: string): readonly [string, string] {
  if (/^(sha256:)?[0-9a-f]{12,64}$/.test(reference)) return ['', ''];
  const [name = ''] = reference.split('@');
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? [name.slice(0, colon), name.slice(colon + 1)] : [name, 'latest'];
}

export const ls = composeCommand({
  use: '[OPTIONS]',
  description: 'List running compose projects',
  flags: {
    ...dryRun,
    all: flag.bool('a', 'Show all stopped Compose projects'),
    filter: flag.filter('', 'Filter output based on conditions provided'),
    ...FORMAT,
    quiet: flag.bool('q', 'Only display project names'),
  },
  args: none,
  run: async (context, { flags }) => {
    const containers = await context.cli.client.call('ContainerList', {
      query: { filters: new Map([['label', [LABEL.project, LABEL.hash]]]), ...(flags.all ? { all: true } : {}) },
    });
    const byProject = new Map<string, typeof containers>();
    for (const one of containers) {
      const name = one.Labels[LABEL.project] ?? '';
      byProject.set(name, [...(byProject.get(name) ?? []), one]);
    }
    for (const key of flags.filter.keys()) if (key !== 'name') throw new Failure(`invalid filter '${key}'`);
    const wanted = flags.filter.get('name')?.map((text) => {
      const matches = goRegExp(text);
      if (!matches) throw new Failure(`error parsing regexp: ${text}`);
      return matches;
    });
    const rows = [...byProject]
      .filter(([name]) => wanted === undefined || wanted.some((matches) => matches(name)))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, list]) => ({
        Name: name,
        Status: statusText(list.map(({ State }) => State)),
        ConfigFiles: [...new Set(list.map(({ Labels }) => Labels[LABEL.configFiles] ?? 'N/A'))].join(','),
      }));
    if (flags.quiet) context.out(rows.map(({ Name }) => `${Name}\n`).join(''));
    else if (flags.format === 'json') context.out(`${JSON.stringify(rows)}\n`);
    else {
      checkFormat(flags.format);
      const table = rows.map((row) => [row.Name, row.Status, row.ConfigFiles]);
      context.out(tabulate(rowsOf([['NAME', 'STATUS', 'CONFIG FILES'], ...table]), WIDE));
    }
    return 0;
  },
});

/** `exited(1), running(2)` */
function statusText(states: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([state, count]) => `${state}(${count})`)
    .join(', ');
}

export const volumes = composeCommand({
  use: '[OPTIONS] [SERVICE...]',
  description: 'List volumes',
  flags: {
    ...dryRun,
    format: flag.string('', 'Format output using a custom template', 'table'),
    quiet: flag.bool('q', 'Only display volume names'),
  },
  args: any,
  run: async (context, { flags, args }) => {
    const named = projectOrName(context);
    const containers = await containersOf(context, named, [], 'all');
    checkServices(named, args, containers);
    const { Volumes: all } = await context.cli.client.call('VolumeList', {
      query: { filters: new Map([['label', [`${LABEL.project}=${named.name}`]]]) },
    });
    const used = new Set(
      containers
        .filter(({ service }) => args.includes(service))
        .flatMap(({ mounts }) => mounts.map(({ Name }) => Name ?? '')),
    );
    const rows = all.filter(({ Name }) => args.length === 0 || used.has(Name)).map(volumeRow);
    const format = flags.quiet ? '{{.Name}}' : flags.format === 'table' ? 'table {{.Driver}}\t{{.Name}}' : flags.format;
    context.out(renderRows(format, rows, VOLUME_KIND));
    return 0;
  },
});

export const stats = composeCommand({
  use: '[OPTIONS] [SERVICE]',
  description: 'Display a live stream of container(s) resource usage statistics',
  flags: {
    ...dryRun,
    all: flag.bool('a', 'Show all containers (default shows just running)'),
    format: flag.string('', 'Format output using a custom template'),
    'no-stream': flag.bool('', 'Disable streaming stats and only pull the first result'),
    'no-trunc': flag.bool('', 'Do not truncate output'),
  },
  args: any,
  run: async (context, { flags, args }) => {
    const containers = await containersOf(context, projectOrName(context), args, 'all');
    const ids = containers.filter(({ state }) => flags.all || state === 'running').map(({ id }) => id);
    const { stats: command, statsHead } = await import('../container/stats.ts');
    if (ids.length === 0) {
      const isTable = flags.format === '' || flags.format.startsWith('table');
      if (isTable) context.out(statsHead(flags.format));
      return 0;
    }
    const code = await command.run(context.cli, {
      flags: { all: flags.all, format: flags.format, 'no-stream': flags['no-stream'], 'no-trunc': flags['no-trunc'] },
      given: () => false,
      changed: () => false,
      args: ids,
      path: 'docker compose stats',
    });
    return code ?? 0;
  },
});

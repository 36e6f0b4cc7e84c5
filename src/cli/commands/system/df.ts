// `system df`: what takes space on disk.
import { humanDuration, humanSize } from '../../../base/units.ts';
import type { DiskUsageResponse } from '../../../spec/docker/system.ts';
import { command } from '../../session/context.ts';
import { markRow, parse, renderRows, type Row, toJson } from '../../format/index.ts';
import { Failure, FORMAT_HELP, flag, none } from '../../grammar/index.ts';
import { containerRow } from '../container/ls.ts';
import { IMAGE_KIND, imageRow } from '../image/ls.ts';
import { VOLUME_KIND, volumeRow } from '../volume/ls.ts';

const KIND = {
  typeName: '*formatter.diskUsageImagesContext',
  titles: { Type: 'TYPE', TotalCount: 'TOTAL', Active: 'ACTIVE', Size: 'SIZE', Reclaimable: 'RECLAIMABLE' },
};

const CONTAINER_TITLES = {
  ID: 'CONTAINER ID',
  Image: 'IMAGE',
  Command: 'COMMAND',
  LocalVolumes: 'LOCAL VOLUMES',
  Size: 'SIZE',
  RunningFor: 'CREATED',
  Status: 'STATUS',
  Names: 'NAMES',
};
const CACHE_TITLES = {
  ID: 'CACHE ID',
  CacheType: 'CACHE TYPE',
  Size: 'SIZE',
  CreatedSince: 'CREATED',
  LastUsedSince: 'LAST USED',
  UsageCount: 'USAGE',
  Shared: 'SHARED',
};

interface CacheRecord {
  readonly ID: string;
  readonly Type: string;
  readonly Size: number;
  readonly InUse: boolean;
  readonly Shared: boolean;
  readonly CreatedAt: string;
  readonly LastUsedAt: string | null;
  readonly UsageCount: number;
}

export const df = command({
  use: '[OPTIONS]',
  description: 'Show docker disk usage',
  args: none,
  flags: {
    format: flag.string('', FORMAT_HELP),
    verbose: flag.bool('v', 'Show detailed information on space usage'),
  },
  async run(context, { flags }) {
    const usage = await context.client.call('SystemDataUsage');
    const format = flags.format || 'table';
    if (!flags.verbose) {
      const chosen =
        format === 'table'
          ? 'table {{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}'
          : format === 'raw'
            ? 'type: {{.Type}}\ntotal: {{.TotalCount}}\nactive: {{.Active}}\nsize: {{.Size}}\nreclaimable: {{.Reclaimable}}\n'
            : format;
      context.out(renderRows(chosen, summary(usage), KIND));
      return 0;
    }
    const details = verbose(usage, format === 'table');
    for (const row of Object.values(details).flat()) markRow(row as Row);
    if (format === 'table') context.out(verboseTable(usage, details));
    else if (format === 'json') context.out(toJson(details));
    else {
      if (format === 'raw') throw new Failure('--format raw can not be used with --verbose by this client');
      context.out(parse(format).run(details));
    }
    return 0;
  },
});

const share = (part: number, whole: number): string =>
  `${humanSize(part, 4)}${whole > 0 ? ` (${Math.trunc((part * 100) / whole)}%)` : ''}`;

function summary(usage: DiskUsageResponse): Row[] {
  const images = usage.Images ?? [];
  const containers = usage.Containers ?? [];
  const volumes = usage.Volumes ?? [];
  const cache = (usage.BuildCache ?? []) as CacheRecord[];
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const used = sum(
    images
      .filter((one) => one.Containers !== 0 && one.Size !== -1 && one.SharedSize !== -1)
      .map((one) => one.Size - one.SharedSize),
  );
  const active = containers.filter((one) => ['running', 'paused', 'restarting'].includes(one.State));
  const writable = sum(containers.map((one) => one.SizeRw ?? 0));
  const idle = writable - sum(active.map((one) => one.SizeRw ?? 0));
  const volumeSize = (list: typeof volumes): number => sum(list.map((one) => Math.max(0, one.UsageData?.Size ?? 0)));
  const usedVolumes = volumes.filter((one) => (one.UsageData?.RefCount ?? 0) > 0);
  const freeVolumes = volumes.filter((one) => one.UsageData?.RefCount === 0);
  const cacheSize = sum(cache.filter((one) => !one.Shared).map((one) => one.Size));
  const cacheUsed = sum(cache.filter((one) => one.InUse && !one.Shared).map((one) => one.Size));
  const row = (Type: string, total: number, activeCount: number, Size: number, Reclaimable: string): Row => ({
    Type,
    TotalCount: String(total),
    Active: String(activeCount),
    Size: humanSize(Size, 4),
    Reclaimable,
  });
  return [
    row(
      'Images',
      images.length,
      images.filter((one) => one.Containers > 0).length,
      usage.LayersSize,
      share(usage.LayersSize - used, usage.LayersSize),
    ),
    row('Containers', containers.length, active.length, writable, share(idle, writable)),
    row(
      'Local Volumes',
      volumes.length,
      usedVolumes.length,
      volumeSize(volumes),
      share(volumeSize(freeVolumes), volumeSize(volumes)),
    ),
    row(
      'Build Cache',
      cache.length,
      cache.filter((one) => one.InUse).length,
      cacheSize,
      humanSize(cacheSize - cacheUsed, 4),
    ),
  ];
}

interface Details {
  readonly Images: readonly Row[];
  readonly Containers: readonly Row[];
  readonly Volumes: readonly Row[];
  readonly BuildCache: readonly Row[];
}

function verbose(usage: DiskUsageResponse, trunc: boolean): Details {
  const ago = (time: string): string => `${humanDuration((Date.now() - Date.parse(time)) / 1000)} ago`;
  return {
    Images: (usage.Images ?? []).map((image) => {
      const first = (image.RepoTags ?? [])[0] ?? '<none>:<none>';
      const colon = first.lastIndexOf(':');
      return imageRow(image, trunc, first.slice(0, colon), first.slice(colon + 1), '');
    }),
    Containers: (usage.Containers ?? []).map((one) => containerRow({ ...one, SizeRootFs: 0 }, trunc)),
    Volumes: (usage.Volumes ?? []).map(volumeRow),
    BuildCache: ((usage.BuildCache ?? []) as CacheRecord[]).map((one) => ({
      ID: trunc ? one.ID.slice(0, 12) : one.ID,
      CacheType: one.Type,
      Size: humanSize(one.Size, 3),
      CreatedSince: ago(one.CreatedAt),
      LastUsedSince: one.LastUsedAt === null ? '' : ago(one.LastUsedAt),
      UsageCount: String(one.UsageCount),
      InUse: String(one.InUse),
      Shared: String(one.Shared),
    })),
  };
}

function verboseTable(usage: DiskUsageResponse, details: Details): string {
  const table = (fields: string, rows: readonly Row[], titles: Record<string, string>, typeName: string): string =>
    renderRows(
      `table ${fields
        .split(' ')
        .map((name) => `{{.${name}}}`)
        .join('\t')}`,
      rows,
      { typeName, titles },
    );
  const cacheSize = ((usage.BuildCache ?? []) as CacheRecord[])
    .filter((one) => !one.Shared)
    .reduce((total, one) => total + one.Size, 0);
  return [
    'Images space usage:\n\n',
    table(
      'Repository Tag ID CreatedSince Size SharedSize UniqueSize Containers',
      details.Images,
      IMAGE_KIND.titles,
      IMAGE_KIND.typeName,
    ),
    '\nContainers space usage:\n\n',
    table(
      'ID Image Command LocalVolumes Size RunningFor Status Names',
      details.Containers,
      CONTAINER_TITLES,
      '*formatter.ContainerContext',
    ),
    '\nLocal Volumes space usage:\n\n',
    table('Name Links Size', details.Volumes, VOLUME_KIND.titles, VOLUME_KIND.typeName),
    `\nBuild cache usage: ${humanSize(cacheSize, 4)}\n\n`,
    table(
      'ID CacheType Size CreatedSince LastUsedSince UsageCount Shared',
      details.BuildCache,
      CACHE_TITLES,
      '*formatter.buildCacheContext',
    ),
  ].join('');
}

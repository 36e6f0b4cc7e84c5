// `volume ls`: the list of volumes.
import { humanSize } from '../../../base/units.ts';
import type { Volume } from '../../../spec/docker/volume.ts';
import { command } from '../../session/context.ts';
import { renderRows, type Row } from '../../format/index.ts';
import { Failure, FORMAT_HELP, flag, none } from '../../grammar/index.ts';
import { natural } from '../shared/sorting.ts';

export const VOLUME_KIND = {
  typeName: '*formatter.volumeContext',
  titles: {
    Name: 'VOLUME NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    Mountpoint: 'MOUNTPOINT',
    Labels: 'LABELS',
    Links: 'LINKS',
    Size: 'SIZE',
    Group: 'GROUP',
    Availability: 'AVAILABILITY',
    Status: 'STATUS',
  },
};

export const ls = command({
  use: '[OPTIONS]',
  description: 'List volumes',
  aliases: 'docker volume ls, docker volume list',
  args: none,
  flags: {
    cluster: flag.bool('', 'Display only cluster volumes, and use cluster volume list formatting', false, {
      since: '1.42',
    }),
    filter: flag.filter('f', 'Provide filter values (e.g. "dangling=true")'),
    format: flag.string('', FORMAT_HELP),
    quiet: flag.bool('q', 'Only display volume names'),
  },
  async run(context, { flags }) {
    if (flags.cluster) throw new Failure('cluster volumes are not supported by this client');
    const { Volumes: volumes } = await context.client.call('VolumeList', { query: { filters: flags.filter } });
    const { volumesFormat } = context.config();
    const own = flags.format || (typeof volumesFormat === 'string' && !flags.quiet ? volumesFormat : 'table');
    const rows = [...(volumes ?? [])].sort((a, b) => natural(a.Name, b.Name)).map(volumeRow);
    context.out(renderRows(chooseFormat(own, flags.quiet), rows, VOLUME_KIND));
    return 0;
  },
});

function chooseFormat(format: string, quiet: boolean): string {
  if (format === 'table') return quiet ? '{{.Name}}' : 'table {{.Driver}}\t{{.Name}}';
  if (format === 'raw') return quiet ? 'name: {{.Name}}' : 'name: {{.Name}}\ndriver: {{.Driver}}\n';
  return format;
}

export function volumeRow(volume: Volume): Row {
  const labels = volume.Labels ?? {};
  return {
    Name: volume.Name,
    Driver: volume.Driver,
    Scope: volume.Scope,
    Mountpoint: volume.Mountpoint,
    get Labels() {
      return Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(',');
    },
    Label: (name: unknown) => labels[String(name)] ?? '',
    Links: volume.UsageData ? String(volume.UsageData.RefCount) : 'N/A',
    Size: volume.UsageData ? humanSize(volume.UsageData.Size, 4) : 'N/A',
    Group: 'N/A',
    Availability: 'N/A',
    Status: 'N/A',
  };
}

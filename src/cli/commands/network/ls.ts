// `network ls`: the list of networks.
import { command } from '../../session/context.ts';
import { renderRows } from '../../format/index.ts';
import { FORMAT_HELP, flag, none } from '../../grammar/index.ts';
import { natural } from '../shared/sorting.ts';
import { goTimeOf } from '../shared/time.ts';

interface NetworkSummary {
  readonly Name: string;
  readonly Id: string;
  readonly Created: string;
  readonly Scope: string;
  readonly Driver: string;
  readonly EnableIPv4?: boolean;
  readonly EnableIPv6: boolean;
  readonly Internal: boolean;
  readonly Labels: Readonly<Record<string, string>> | null;
}

const KIND = {
  typeName: '*network.networkContext',
  titles: {
    ID: 'NETWORK ID',
    Name: 'NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    IPv4: 'IPV4',
    IPv6: 'IPV6',
    Internal: 'INTERNAL',
    Labels: 'LABELS',
    CreatedAt: 'CREATED AT',
  },
};

export const ls = command({
  use: '[OPTIONS]',
  description: 'List networks',
  aliases: 'docker network ls, docker network list',
  args: none,
  flags: {
    filter: flag.filter('f', 'Provide filter values (e.g. "driver=bridge")'),
    format: flag.string('', FORMAT_HELP),
    'no-trunc': flag.bool('', 'Do not truncate the output'),
    quiet: flag.bool('q', 'Only display network IDs'),
  },
  async run(context, { flags }) {
    const networks = await context.client.json<NetworkSummary[]>('NetworkList', { query: { filters: flags.filter } });
    const { networksFormat } = context.config();
    const own = flags.format || (typeof networksFormat === 'string' && !flags.quiet ? networksFormat : 'table');
    const rows = networks
      .sort((a, b) => natural(a.Name, b.Name))
      .map((network) => {
        const labels = network.Labels ?? {};
        return {
          ID: flags['no-trunc'] ? network.Id : network.Id.slice(0, 12),
          Name: network.Name,
          Driver: network.Driver,
          Scope: network.Scope,
          IPv4: String(network.EnableIPv4 ?? true),
          IPv6: String(network.EnableIPv6),
          Internal: String(network.Internal),
          Labels: Object.entries(labels)
            .map(([key, value]) => `${key}=${value}`)
            .join(','),
          Label: (name: unknown) => labels[String(name)] ?? '',
          CreatedAt: goTimeOf(network.Created),
        };
      });
    context.out(renderRows(chooseFormat(own, flags.quiet), rows, KIND));
    return 0;
  },
});

function chooseFormat(format: string, quiet: boolean): string {
  if (format === 'table') return quiet ? '{{.ID}}' : 'table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}';
  if (format === 'raw')
    return quiet
      ? 'network_id: {{.ID}}'
      : 'network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n';
  return format;
}

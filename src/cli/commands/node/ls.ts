// `node ls`: the machines of the cluster.
import { command } from '../../session/context.ts';
import { renderRows } from '../../format/index.ts';
import { FORMAT_HELP, flag, none } from '../../grammar/index.ts';
import { natural } from '../shared/sorting.ts';

export interface NodeSummary {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly Spec: {
    readonly Role: string;
    readonly Availability: string;
    readonly Labels?: Readonly<Record<string, string>>;
  };
  readonly Description: { readonly Hostname: string; readonly Engine: { readonly EngineVersion: string } };
  readonly Status: { readonly State: string };
  readonly ManagerStatus?: { readonly Leader?: boolean; readonly Reachability: string };
}

const KIND = {
  typeName: '*node.nodeContext',
  titles: {
    ID: 'ID',
    Self: '',
    Hostname: 'HOSTNAME',
    Status: 'STATUS',
    Availability: 'AVAILABILITY',
    ManagerStatus: 'MANAGER STATUS',
    EngineVersion: 'ENGINE VERSION',
  },
};
const TABLE =
  'table {{.ID}} {{if .Self}}*{{else}} {{end}}\t{{.Hostname}}\t{{.Status}}\t{{.Availability}}\t{{.ManagerStatus}}\t{{.EngineVersion}}';

export const ls = command({
  use: '[OPTIONS]',
  description: 'List nodes in the swarm',
  aliases: 'docker node ls, docker node list',
  args: none,
  flags: {
    filter: flag.filter('f', 'Filter output based on conditions provided'),
    format: flag.string('', FORMAT_HELP),
    quiet: flag.bool('q', 'Only display IDs'),
  },
  async run(context, { flags }) {
    const nodes = await context.client.json<NodeSummary[]>('NodeList', { query: { filters: flags.filter } });
    const { Swarm } = await context.client.json<{ Swarm: { NodeID: string } }>('SystemInfo');
    const rows = nodes
      .sort((a, b) => natural(a.Description.Hostname, b.Description.Hostname))
      .map(({ ID, Description, Status, Spec, ManagerStatus }) => ({
        ID,
        Self: ID === Swarm.NodeID,
        Hostname: Description.Hostname,
        Status: title(Status.State),
        Availability: title(Spec.Availability),
        ManagerStatus: ManagerStatus ? (ManagerStatus.Leader ? 'Leader' : title(ManagerStatus.Reachability)) : '',
        EngineVersion: Description.Engine.EngineVersion,
      }));
    const format = flags.format === '' || flags.format === 'table' ? (flags.quiet ? '{{.ID}}' : TABLE) : flags.format;
    context.out(renderRows(format, rows, KIND));
    return 0;
  },
});

export function title(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

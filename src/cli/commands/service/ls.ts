// `service ls`: services and how many of their tasks run.
import { type Context, command } from '../../session/context.ts';
import { renderRows } from '../../format/index.ts';
import { FORMAT_HELP, type Filters, flag, none } from '../../grammar/index.ts';
import { natural } from '../shared/sorting.ts';

export interface ServiceSpec {
  readonly Name: string;
  readonly TaskTemplate: {
    readonly ContainerSpec: { readonly Image: string };
    readonly Placement?: { readonly MaxReplicas?: number };
  };
  readonly Mode: Readonly<Record<string, { readonly Replicas?: number }>>;
}

export interface ServiceSummary {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly Spec: ServiceSpec;
  readonly ServiceStatus?: {
    readonly RunningTasks: number;
    readonly DesiredTasks: number;
    readonly CompletedTasks: number;
  };
}

const MODES: Readonly<Record<string, string>> = {
  Replicated: 'replicated',
  Global: 'global',
  ReplicatedJob: 'replicated job',
  GlobalJob: 'global job',
};
const KIND = {
  typeName: '*service.serviceContext',
  titles: { ID: 'ID', Name: 'NAME', Mode: 'MODE', Replicas: 'REPLICAS', Image: 'IMAGE', Ports: 'PORTS' },
};
const TABLE = 'table {{.ID}}\t{{.Name}}\t{{.Mode}}\t{{.Replicas}}\t{{.Image}}\t{{.Ports}}';

export const ls = command({
  use: '[OPTIONS]',
  description: 'List services',
  aliases: 'docker service ls, docker service list',
  args: none,
  flags: {
    filter: flag.filter('f', 'Filter output based on conditions provided'),
    format: flag.string('', FORMAT_HELP),
    quiet: flag.bool('q', 'Only display IDs'),
  },
  run: (context, { flags }) => showServices(context, flags.filter, flags.format, flags.quiet),
});

/** `none` is said where no service fits. */
export async function showServices(
  context: Context,
  filters: Filters,
  asked: string,
  quiet: boolean,
  none = '',
): Promise<number> {
  const services = await context.client.json<ServiceSummary[]>('ServiceList', { query: { filters, status: true } });
  if (services.length === 0 && none !== '') {
    context.err(`${none}\n`);
    return 0;
  }
  const rows = services
    .sort((a, b) => natural(a.Spec.Name, b.Spec.Name))
    .map((service) => ({
      ID: quiet ? service.ID : service.ID.slice(0, 12),
      Name: service.Spec.Name,
      Mode: MODES[Object.keys(service.Spec.Mode)[0] ?? ''] ?? '',
      Replicas: replicas(service),
      Image: service.Spec.TaskTemplate.ContainerSpec.Image.replace(/@sha256:.*/, ''),
      // host ports are those of tasks
      Ports: '',
    }));
  const format = asked === '' || asked === 'table' ? (quiet ? '{{.ID}}' : TABLE) : asked;
  context.out(renderRows(format, rows, KIND));
  return 0;
}

function replicas({ Spec, ServiceStatus }: ServiceSummary): string {
  const { RunningTasks = 0, DesiredTasks = 0, CompletedTasks = 0 } = ServiceStatus ?? {};
  const most = Spec.TaskTemplate.Placement?.MaxReplicas ?? 0;
  const completed = Spec.Mode['ReplicatedJob'] || Spec.Mode['GlobalJob'] ? ` (${CompletedTasks} completed)` : '';
  return `${RunningTasks}/${DesiredTasks}${completed}${most > 0 ? ` (max ${most} per node)` : ''}`;
}

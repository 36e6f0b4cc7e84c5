// `stack ls`, `ps` and `services`: what is known of stacks by the labels of their services.
import { STACK_LABEL, stackFilter } from '../../../compose/index.ts';
import { command } from '../../session/context.ts';
import { renderRows } from '../../format/index.ts';
import { exactly, type Filters, flag, FORMAT_HELP, none } from '../../grammar/index.ts';
import { showServices } from '../service/ls.ts';
import { psFlags, showTasks } from '../service/ps.ts';
import { natural } from '../shared/sorting.ts';
import { checkName } from './files.ts';

const KIND = { typeName: '*formatter.stackContext', titles: { Name: 'NAME', Services: 'SERVICES' } };
const TABLE = 'table {{.Name}}\t{{.Services}}';

export const ls = command({
  use: '[OPTIONS]',
  description: 'List stacks',
  aliases: 'docker stack ls, docker stack list',
  args: none,
  flags: { format: flag.string('', FORMAT_HELP) },
  async run(context, { flags: { format } }) {
    const services = await context.client.json<{ Spec: { Labels?: Record<string, string> } }[]>('ServiceList', {
      query: { filters: new Map([['label', [STACK_LABEL]]]) },
    });
    const rows = [...Map.groupBy(services, ({ Spec }) => Spec.Labels?.[STACK_LABEL] ?? '')]
      .map(([Name, { length }]) => ({ Name, Services: String(length) }))
      .sort((a, b) => natural(a.Name, b.Name));
    context.out(renderRows(format === '' || format === 'table' ? TABLE : format, rows, KIND));
    return 0;
  },
});

export const ps = command({
  use: '[OPTIONS] STACK',
  description: 'List the tasks in the stack',
  args: exactly(1),
  flags: psFlags,
  run: (context, { flags, args: [name = ''] }) => {
    checkName(name);
    return showTasks(context, within(flags.filter, name), flags, `nothing found in stack: ${name}`);
  },
});

export const services = command({
  use: '[OPTIONS] STACK',
  description: 'List the services in the stack',
  args: exactly(1),
  flags: {
    filter: flag.filter('f', 'Filter output based on conditions provided'),
    format: flag.string('', FORMAT_HELP),
    quiet: flag.bool('q', 'Only display IDs'),
  },
  run: (context, { flags, args: [name = ''] }) => {
    checkName(name);
    return showServices(
      context,
      within(flags.filter, name),
      flags.format,
      flags.quiet,
      `Nothing found in stack: ${name}`,
    );
  },
});

function within(filters: Filters, stack: string): Filters {
  return new Map([
    ...filters,
    ['label', [...(filters.get('label') ?? []), ...(stackFilter(stack).get('label') ?? [])]],
  ]);
}

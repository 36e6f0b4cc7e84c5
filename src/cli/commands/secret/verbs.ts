// `secret` and `config`: create, ls, inspect and rm of each, which differ in their routes only.
import { readFileSync } from 'node:fs';
import { humanDuration } from '../../../base/units.ts';
import { command } from '../../session/context.ts';
import { renderRows } from '../../format/index.ts';
import { atLeast, FORMAT_HELP, flag, INSPECT_FORMAT_HELP, none, range } from '../../grammar/index.ts';
import { forEach } from '../shared/batch.ts';
import { inspect } from '../shared/inspecting.ts';
import { natural } from '../shared/sorting.ts';
import { readStdin } from '../shared/stdin.ts';
import { toMap } from '../../../spec/docker/shorthand/index.ts';

interface Summary {
  readonly ID: string;
  readonly CreatedAt: string;
  readonly UpdatedAt: string;
  readonly Spec: { readonly Name: string; readonly Labels?: Readonly<Record<string, string>> };
}

const KIND = {
  typeName: '*secret.secretContext',
  titles: { ID: 'ID', Name: 'NAME', CreatedAt: 'CREATED', UpdatedAt: 'UPDATED', Labels: 'LABELS' },
};
const TABLE = 'table {{.ID}}\t{{.Name}}\t{{.CreatedAt}}\t{{.UpdatedAt}}';

function verbs(noun: 'secret' | 'config') {
  const Noun = noun === 'secret' ? 'Secret' : 'Config';
  const use = noun.toUpperCase();
  return {
    create: command({
      use: `[OPTIONS] ${use} [file|-]`,
      description: `Create a ${noun} from a file or STDIN as content`,
      args: range(1, 2),
      flags: {
        label: flag.list('l', `${Noun} labels`),
        'template-driver': flag.string('', 'Template driver'),
      },
      async run(context, { flags, args: [name = '', file = '-'] }) {
        const driver = flags['template-driver'];
        const data = file === '-' ? readStdin(context, 'the content') : readFileSync(file);
        const { ID } = await context.client.json<{ ID: string }>(`${Noun}Create`, {
          json: {
            Name: name,
            Labels: toMap(flags.label),
            Data: data.toString('base64'),
            ...(driver === '' ? {} : { Templating: { Name: driver } }),
          },
        });
        context.out(`${ID}\n`);
        return 0;
      },
    }),
    ls: command({
      use: '[OPTIONS]',
      description: `List ${noun}s`,
      aliases: `docker ${noun} ls, docker ${noun} list`,
      args: none,
      flags: {
        filter: flag.filter('f', 'Filter output based on conditions provided'),
        format: flag.string('', FORMAT_HELP),
        quiet: flag.bool('q', 'Only display IDs'),
      },
      async run(context, { flags }) {
        const found = await context.client.json<Summary[]>(`${Noun}List`, { query: { filters: flags.filter } });
        const rows = found
          .sort((a, b) => natural(a.Spec.Name, b.Spec.Name))
          .map(({ ID, Spec, CreatedAt, UpdatedAt }) => ({
            ID,
            Name: Spec.Name,
            CreatedAt: ago(CreatedAt),
            UpdatedAt: ago(UpdatedAt),
            Labels: Object.entries(Spec.Labels ?? {})
              .map(([key, value]) => `${key}=${value}`)
              .join(','),
          }));
        const plain = flags.format === '' || flags.format === 'table';
        context.out(renderRows(plain ? (flags.quiet ? '{{.ID}}' : TABLE) : flags.format, rows, KIND));
        return 0;
      },
    }),
    inspect: command({
      use: `[OPTIONS] ${use} [${use}...]`,
      description: `Display detailed information on one or more ${noun}s`,
      args: atLeast(1),
      flags: { format: flag.string('f', INSPECT_FORMAT_HELP) },
      run: (context, { flags, args }) =>
        inspect(context, args, flags.format, (id) => context.client.text(`${Noun}Inspect`, { params: { id } })),
    }),
    rm: command({
      use: `${use} [${use}...]`,
      description: `Remove one or more ${noun}s`,
      aliases: `docker ${noun} rm, docker ${noun} remove`,
      args: atLeast(1),
      flags: {},
      async run(context, { args }) {
        await forEach(context, args, (id) => context.client.text(`${Noun}Delete`, { params: { id } }));
        return 0;
      },
    }),
  };
}

function ago(time: string): string {
  return `${humanDuration(Math.max(0, (Date.now() - Date.parse(time)) / 1000))} ago`;
}

export const secret = verbs('secret');
export const config = verbs('config');

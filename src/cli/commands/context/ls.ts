// `context ls`: the daemons that have a name.
import { messageOf } from '../../../base/errors.ts';
import { command } from '../../session/context.ts';
import type { ContextMeta } from '../../../client/config/index.ts';
import { renderRows, type Row } from '../../format/index.ts';
import { FORMAT_HELP, flag, none } from '../../grammar/index.ts';
import { ellipsis } from '../shared/ellipsis.ts';
import { natural } from '../shared/sorting.ts';
import { DEFAULT_DESCRIPTION, defaultMeta, metaOf, overridingVariable } from './meta.ts';

const KIND = {
  typeName: '*formatter.clientContextContext',
  titles: { Name: 'NAME', Description: 'DESCRIPTION', DockerEndpoint: 'DOCKER ENDPOINT', Error: 'ERROR' },
};
const TABLE = 'table {{.Name}}{{if .Current}} *{{end}}\t{{.Description}}\t{{.DockerEndpoint}}\t{{.Error}}';
/** Characters of an error that are shown. */
const ERROR_WIDTH = 45;

export const ls = command({
  use: '[OPTIONS]',
  description: 'List contexts',
  aliases: 'docker context ls, docker context list',
  args: none,
  flags: {
    format: flag.string('', FORMAT_HELP),
    quiet: flag.bool('q', 'Only show context names'),
  },
  run(context, { flags }) {
    const current = context.currentContext;
    const row = ({ Name, Metadata, Endpoints }: ContextMeta, error = ''): Row => ({
      Name,
      Current: Name === current,
      Description: Metadata.Description ?? '',
      DockerEndpoint: Endpoints.docker?.Host ?? '',
      Error: ellipsis(error, ERROR_WIDTH),
    });
    const shown = { ...defaultMeta(context), Metadata: { Description: DEFAULT_DESCRIPTION } };
    const metas = [shown, ...context.contexts.list()];
    const rows = metas.map((meta) => row(meta, meta.Endpoints.docker ? '' : 'cannot find docker endpoint in context'));
    if (!metas.some(({ Name }) => Name === current)) {
      const missing = { Name: current, Metadata: {}, Endpoints: {} };
      rows.push(
        row(
          missing,
          reasonOf(() => metaOf(context, current)),
        ),
      );
    }
    rows.sort((a, b) => natural(String(a['Name']), String(b['Name'])));
    const format = flags.format || 'table';
    const chosen = flags.quiet && format === 'table' ? '{{.Name}}' : format === 'table' ? TABLE : format;
    context.out(renderRows(chosen, rows, KIND));
    const variable = overridingVariable(context);
    if (variable)
      context.err(
        `Warning: ${variable} environment variable overrides the active context. To use a context, either set the global --context flag, or unset ${variable} environment variable.\n`,
      );
    return 0;
  },
});

function reasonOf(work: () => unknown): string {
  try {
    work();
    return '';
  } catch (error) {
    return messageOf(error);
  }
}

// `search`: images of a registry by a word.
import { command } from '../../context.ts';
import { renderRows } from '../../format/index.ts';
import { exactly, flag } from '../../grammar/index.ts';
import { registryAuth } from '../registry-auth.ts';

interface Result {
  readonly name: string;
  readonly description: string;
  readonly star_count: number;
  readonly is_official: boolean;
}

const KIND = {
  typeName: '*registry.searchContext',
  titles: {
    Name: 'NAME',
    Description: 'DESCRIPTION',
    StarCount: 'STARS',
    IsOfficial: 'OFFICIAL',
    IsAutomated: 'AUTOMATED',
  },
};

export const search = command({
  use: '[OPTIONS] TERM',
  description: 'Search Docker Hub for images',
  args: exactly(1),
  flags: {
    filter: flag.filter('f', 'Filter output based on conditions provided'),
    format: flag.string('', 'Pretty-print search using a Go template'),
    limit: flag.int('', 'Max number of search results'),
    'no-trunc': flag.bool('', "Don't truncate output"),
  },
  async run(context, { flags, args: [term = ''] }) {
    const results = await context.client.json<Result[]>('ImageSearch', {
      query: { term, ...(flags.limit > 0 ? { limit: flags.limit } : {}), filters: flags.filter },
      headers: { 'X-Registry-Auth': registryAuth(context, term) },
    });
    const rows = results.map((one) => {
      const description = one.description.replaceAll('\n', ' ').replaceAll('\r', ' ');
      const chars = Array.from(description);
      return {
        Name: one.name,
        Description: !flags['no-trunc'] && chars.length > 45 ? `${chars.slice(0, 44).join('')}…` : description,
        StarCount: String(one.star_count),
        IsOfficial: one.is_official ? '[OK]' : '',
        IsAutomated: '',
      };
    });
    const table = flags.format === '' || flags.format === 'table';
    context.out(
      renderRows(
        table ? 'table {{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}' : flags.format,
        rows,
        KIND,
      ),
    );
    return 0;
  },
});

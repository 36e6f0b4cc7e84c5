// `search`: images of a registry by a word.
import { type Context, command } from '../../session/context.ts';
import { renderRows } from '../../format/index.ts';
import { exactly, Failure, flag } from '../../grammar/index.ts';
import { parseReference } from '../../../spec/docker/shorthand/index.ts';

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
    'list-tags': flag.bool('', 'List the tags of a repository instead of searching'),
    'no-trunc': flag.bool('', "Don't truncate output"),
  },
  async run(context, { flags, args: [term = ''] }) {
    if (flags['list-tags']) return listTags(context, term, flags.limit, flags.format);
    if (flags.filter.get('is-automated'))
      context.err(
        'WARNING: the "is-automated" filter is deprecated, and searching for "is-automated=true" will not yield any results in future.\n',
      );
    const results = await context.client.json<Result[]>('ImageSearch', {
      query: { term, ...(flags.limit > 0 ? { limit: flags.limit } : {}), filters: flags.filter },
      headers: { 'X-Registry-Auth': context.credentials.header(term) },
    });
    const json = /^json$|\{\{ *json +\. *\}\}/.test(flags.format);
    const rows = results.map((one) => {
      const description = one.description.replaceAll('\n', ' ').replaceAll('\r', ' ');
      const chars = Array.from(description);
      return {
        Name: one.name,
        Description: !flags['no-trunc'] && chars.length > 45 ? `${chars.slice(0, 44).join('')}…` : description,
        StarCount: String(one.star_count),
        IsOfficial: one.is_official ? (json ? 'true' : '[OK]') : json ? 'false' : '',
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

const TAG_KIND = { typeName: '*registry.tagContext', titles: { Name: 'NAME', Tag: 'TAG' } };
const DEFAULT_TAGS = 25;

async function listTags(context: Context, name: string, limit: number, format: string): Promise<number> {
  let reference: ReturnType<typeof parseReference>;
  try {
    reference = parseReference(name);
  } catch (error) {
    throw new Failure((error as Error).message);
  }
  const answer = await context.client.own(
    'GET',
    '/berth/registry/tags',
    { name: reference.name, limit: String(limit > 0 ? limit : DEFAULT_TAGS) },
    { headers: { 'X-Registry-Auth': context.credentials.header(reference.name) } },
  );
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  const tags = JSON.parse(Buffer.concat(chunks).toString()) as string[];
  const rows = tags.map((tag) => ({ Name: reference.name, Tag: tag }));
  context.out(renderRows(format === '' || format === 'table' ? 'table {{.Name}}\t{{.Tag}}' : format, rows, TAG_KIND));
  return 0;
}

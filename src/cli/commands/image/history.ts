// `history`: the layers of an image.
import { humanDuration, humanSize } from '../../../base/units.ts';
import { command } from '../../session/context.ts';
import { renderRows } from '../../format/index.ts';
import { exactly, FORMAT_HELP, flag } from '../../grammar/index.ts';
import { platformQuery } from './platform.ts';

const KIND = {
  typeName: '*image.historyContext',
  titles: {
    ID: 'IMAGE',
    CreatedSince: 'CREATED',
    CreatedAt: 'CREATED AT',
    CreatedBy: 'CREATED BY',
    Size: 'SIZE',
    Comment: 'COMMENT',
  },
};

/** 2000-01-01; a layer that is older has no date. */
const EPOCH = 946_684_800;

export const history = command({
  use: '[OPTIONS] IMAGE',
  description: 'Show the history of an image',
  aliases: 'docker image history, docker history',
  args: exactly(1),
  flags: {
    format: flag.string('', FORMAT_HELP),
    human: flag.bool('H', 'Print sizes and dates in human readable format', true),
    'no-trunc': flag.bool('', "Don't truncate output"),
    platform: flag.string(
      '',
      'Show history for the given platform. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
      '',
      { since: '1.48' },
    ),
    quiet: flag.bool('q', 'Only show image IDs'),
  },
  async run(context, { flags, args: [name = ''] }) {
    const layers = await context.client.call('ImageHistory', {
      params: { name },
      query: platformQuery(flags.platform),
    });
    const trunc = !flags['no-trunc'];
    const rows = layers.map((layer) => {
      const createdAt = new Date(layer.Created * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
      const by = layer.CreatedBy.replaceAll('\t', ' ');
      const chars = Array.from(by);
      return {
        ID: trunc ? layer.Id.replace(/^sha256:/, '').slice(0, 12) : layer.Id,
        CreatedAt: createdAt,
        CreatedSince: !flags.human
          ? createdAt
          : layer.Created <= EPOCH
            ? 'N/A'
            : `${humanDuration(Date.now() / 1000 - layer.Created)} ago`,
        CreatedBy: trunc && chars.length > 45 ? `${chars.slice(0, 44).join('')}…` : by,
        Size: flags.human ? humanSize(layer.Size, 3) : String(layer.Size),
        Comment: layer.Comment,
      };
    });
    context.out(renderRows(chooseFormat(flags.format, flags.quiet, flags.human), rows, KIND));
    return 0;
  },
});

function chooseFormat(format: string, quiet: boolean, human: boolean): string {
  if (format !== '' && format !== 'table') return format;
  if (quiet) return '{{.ID}}';
  return `table {{.ID}}\t{{${human ? '.CreatedSince' : '.CreatedAt'}}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}`;
}

// `image why`: which layer and which line of the history brought a file; without a file, the bytes that later layers waste.
import { humanSize } from '../../../base/units.ts';
import type { ImageWaste, ImageWhy, LayerLine } from '../../../spec/berth/index.ts';
import { command } from '../../session/context.ts';
import { indentJson, tabulate, toJson } from '../../format/index.ts';
import { flag, range } from '../../grammar/index.ts';
import { ownJson } from '../shared/own.ts';

const LINE = 100;

export const why = command({
  use: '[OPTIONS] IMAGE [FILE]',
  description: 'Say which layer brought a file, or what later layers waste',
  args: range(1, 2),
  flags: {
    format: flag.string('f', "Format output: 'json' for the whole answer"),
    'no-trunc': flag.bool('', "Don't truncate output"),
  },
  async run(context, { flags, args: [name = '', path] }) {
    const answer = await ownJson<ImageWhy | ImageWaste>(context, '/berth/images/why', {
      name,
      ...(path === undefined ? {} : { path }),
    });
    const cut = (text: string): string =>
      flags['no-trunc'] || text.length <= LINE ? text : `${text.slice(0, LINE - 1)}…`;
    if (flags.format === 'json') context.out(`${indentJson(toJson(answer))}\n`);
    else context.out('touches' in answer ? fileText(answer, cut) : wasteText(answer, cut));
    return 0;
  },
});

const said = ({ layer, createdBy }: LayerLine, cut: (text: string) => string): string => `${layer}\t${cut(createdBy)}`;

function fileText({ touches }: ImageWhy, cut: (text: string) => string): string {
  const rows = touches.map((one) => `${one.what}\t${humanSize(one.size)}\t${said(one, cut)}\n`);
  return tabulate(`WHAT\tSIZE\tLAYER\tCREATED BY\n${rows.join('')}`);
}

function wasteText({ bytes, files }: ImageWaste, cut: (text: string) => string): string {
  if (bytes === 0) return 'no layer hides what another one holds\n';
  const rows = files.map((one) => `${humanSize(one.bytes)}\t${one.path}\t${said(one.by, cut)}\n`);
  return `${tabulate(`WASTED\tFILE\tHIDDEN BY\tCREATED BY\n${rows.join('')}`)}${humanSize(bytes)} in all\n`;
}

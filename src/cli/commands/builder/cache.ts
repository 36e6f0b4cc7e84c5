// `builder cache ls`, `export` and `import`: what `RUN --mount=type=cache` keeps, taken from machine to machine.
import { humanDuration } from '../../../base/units.ts';
import { command } from '../../session/context.ts';
import { renderRows } from '../../format/index.ts';
import { exactly, Failure, FORMAT_HELP, flag, none } from '../../grammar/index.ts';
import { saveStream } from '../shared/archive-output.ts';
import { openInput } from '../image/load.ts';

interface Mount {
  readonly key: string;
  readonly id: string;
  readonly used: string;
  readonly uses: number;
}

const KIND = {
  typeName: '*builder.cacheContext',
  titles: { Key: 'KEY', ID: 'CACHE ID', Uses: 'USES', LastUsed: 'LAST USED' },
};

export const ls = command({
  use: '[OPTIONS]',
  description: 'List cache mounts',
  args: none,
  flags: { format: flag.string('', FORMAT_HELP), quiet: flag.bool('q', 'Only display keys') },
  async run(context, { flags }) {
    const mounts = await context.client.json<Mount[]>('BerthCacheList');
    const table = 'table {{.Key}}\t{{.ID}}\t{{.Uses}}\t{{.LastUsed}}';
    const format = flags.quiet ? '{{.Key}}' : flags.format === '' || flags.format === 'table' ? table : flags.format;
    const rows = mounts.map(({ key, id, uses, used }) => ({
      Key: key,
      ID: id,
      Uses: String(uses),
      LastUsed: `${humanDuration((Date.now() - Date.parse(used)) / 1000)} ago`,
    }));
    context.out(renderRows(format, rows, KIND));
    return 0;
  },
});

export const exportCache = command({
  use: '[OPTIONS] ID',
  description: 'Save the files of a cache mount to a tar archive (streamed to STDOUT by default)',
  args: exactly(1),
  flags: { output: flag.string('o', 'Write to a file, instead of STDOUT') },
  async run(context, { flags, args: [id = ''] }) {
    if (flags.output === '' && context.terminal(1))
      throw new Failure('cowardly refusing to save to a terminal. Use the -o flag or redirect');
    const request = async () => (await context.client.stream('BerthCacheExport', { query: { id } })).body;
    await saveStream(context, flags.output, 'failed to save the cache mount', request);
    return 0;
  },
});

export const importCache = command({
  use: 'ID file|-',
  description: 'Fill a cache mount with the files of a tar archive, in place of what it had',
  args: exactly(2),
  flags: {},
  async run(context, { args: [id = '', file = ''] }) {
    const raw = file === '-' ? process.stdin : openInput(file);
    const { key } = await context.client.json<Mount>('BerthCacheImport', { query: { id }, raw });
    context.out(`${key}\n`);
    return 0;
  },
});

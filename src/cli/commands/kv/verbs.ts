// `kv`: what applications keep in the cluster.
import type { KeyValueEntry, KeyValueList } from '../../../spec/berth/index.ts';
import { type Context, command } from '../../session/context.ts';
import { renderRows } from '../../format/index.ts';
import { exactly, Failure, FORMAT_HELP, flag, range } from '../../grammar/index.ts';
import { readStdin } from '../shared/stdin.ts';

const KIND = { typeName: '*kv.entry', titles: { Key: 'KEY', Revision: 'REVISION', Size: 'SIZE', Lease: 'LEASE' } };
const TABLE = 'table {{.Key}}\t{{.Revision}}\t{{.Size}}\t{{.Lease}}';

export const get = command({
  use: '[OPTIONS] KEY',
  description: 'Print the value of a key',
  args: exactly(1),
  flags: {
    json: flag.bool('', 'Print the entry with its revision, as JSON'),
    raw: flag.bool('', 'Print the bytes as they are, without a newline behind them'),
  },
  async run(context, { flags, args: [key = ''] }) {
    const entry = await context.client.json<KeyValueEntry>('BerthKvGet', { query: { key } });
    if (flags.json) context.out(`${JSON.stringify(entry)}\n`);
    else {
      context.out(Buffer.from(entry.Value, 'base64'));
      if (!flags.raw) context.out('\n');
    }
    return 0;
  },
});

export const put = command({
  use: '[OPTIONS] KEY VALUE|-',
  description: 'Set the value of a key, and print the revision of the change',
  args: exactly(2),
  flags: { lease: flag.string('', 'The key goes when this lease ends') },
  run: (context, { flags, args: [key = '', value = ''] }) =>
    write(context, { key, ...(flags.lease === '' ? {} : { lease: flags.lease }) }, value),
});

export const cas = command({
  use: '[OPTIONS] KEY REVISION VALUE|-',
  description: 'Set the value of a key if its last change is this revision (0: if it is not there)',
  args: exactly(3),
  flags: { lease: flag.string('', 'The key goes when this lease ends') },
  run: (context, { flags, args: [key = '', revision = '', value = ''] }) =>
    write(
      context,
      { key, revision: numberOf(revision, 'revision'), ...(flags.lease === '' ? {} : { lease: flags.lease }) },
      value,
    ),
});

async function write(
  context: Context,
  query: { readonly key: string; readonly lease?: string; readonly revision?: number },
  value: string,
): Promise<number> {
  const data = value === '-' ? readStdin(context, 'the value') : Buffer.from(value);
  const { Revision } = await context.client.json<{ Revision: number }>('BerthKvPut', {
    query,
    json: { Value: data.toString('base64') },
  });
  context.out(`${Revision}\n`);
  return 0;
}

/** Throws for what is no number. */
export function numberOf(text: string, what: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Failure(`invalid ${what} ${JSON.stringify(text)}: a number is wanted`);
  return Number(text);
}

export const ls = command({
  use: '[OPTIONS] [PREFIX]',
  description: "List keys; those of tasks are below 'services/'",
  args: range(0, 1),
  flags: { format: flag.string('', FORMAT_HELP), quiet: flag.bool('q', 'Only print keys') },
  async run(context, { flags, args: [prefix = ''] }) {
    const { Entries } = await context.client.json<KeyValueList>('BerthKvList', { query: { prefix } });
    const rows = Entries.map(({ Key, Value, Revision, Lease = '' }) => {
      const value = Buffer.from(Value, 'base64');
      return { Key, Revision, Size: value.length, Lease, Value: value.toString() };
    });
    const plain = flags.format === '' || flags.format === 'table';
    context.out(renderRows(plain ? (flags.quiet ? '{{.Key}}' : TABLE) : flags.format, rows, KIND));
    return 0;
  },
});

export const remove = command({
  use: '[OPTIONS] KEY',
  description: 'Delete a key',
  args: exactly(1),
  flags: {
    prefix: flag.bool('', 'Delete all keys that begin so, and print how many'),
    revision: flag.string('', 'Only if its last change is this one'),
  },
  async run(context, { flags, args: [key = ''] }) {
    if (flags.prefix && flags.revision !== '') throw new Failure('--prefix and --revision exclude each other');
    const revision = flags.revision === '' ? {} : { revision: numberOf(flags.revision, 'revision') };
    const { Deleted } = await context.client.json<{ Deleted: number }>('BerthKvDelete', {
      query: flags.prefix ? { prefix: key } : { key, ...revision },
    });
    if (flags.prefix) context.out(`${Deleted}\n`);
    return 0;
  },
});

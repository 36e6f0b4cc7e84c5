// `env`: the variables that an image says it needs.
import { readContract } from '../../../spec/berth/index.ts';
import { command } from '../../session/context.ts';
import { tabulate } from '../../format/index.ts';
import { exactly, Failure, flag } from '../../grammar/index.ts';

export const env = command({
  use: '[OPTIONS] IMAGE',
  description: 'Show the variables that an image needs',
  args: exactly(1),
  flags: { format: flag.string('', 'Format the output. Values: [table | json]', 'table') },
  async run(context, { flags, args: [name = ''] }) {
    if (flags.format !== 'table' && flags.format !== 'json')
      throw new Failure(`unsupported format ${JSON.stringify(flags.format)}`);
    const { Config: config } = await context.client.call('ImageInspect', { params: { name } });
    const defaults = new Map((config?.Env ?? []).map((one) => [one.split('=')[0], one.slice(one.indexOf('=') + 1)]));
    const all = readContract(config?.Labels).map((one) => ({ ...one, default: defaults.get(one.name) ?? '' }));
    if (flags.format === 'json') context.out(`${JSON.stringify(all)}\n`);
    else {
      const rows = all.map(({ name: variable, type, required, secret, default: value, text }) =>
        [variable, type, required ? 'yes' : '', secret ? 'yes' : '', secret && value !== '' ? '***' : value, text].join(
          '\t',
        ),
      );
      const table = ['NAME\tTYPE\tREQUIRED\tSECRET\tDEFAULT\tTEXT', ...rows].map((row) => `${row}\n`).join('');
      context.out(tabulate(table));
    }
    return 0;
  },
});

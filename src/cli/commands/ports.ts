// `ports`: every published port, who reaches it, and where the host's firewall is bypassed.
import type { PublishedPort } from '../../spec/berth/index.ts';
import { command } from '../session/context.ts';
import { renderRows } from '../format/index.ts';
import { exactly, flag } from '../grammar/index.ts';
import { ownJson } from './shared/own.ts';

const TITLES = {
  Host: 'HOST',
  Port: 'PORT',
  Container: 'CONTAINER',
  ReachableBy: 'REACHABLE BY',
  Warning: 'WARNING',
};

export const ports = command({
  use: '[OPTIONS]',
  description: 'List published ports and who reaches them',
  args: exactly(0),
  flags: {
    format: flag.string('', "Format output using a custom template: 'table', 'json', or a Go template", 'table'),
  },
  async run(context, { flags }) {
    const found = await ownJson<PublishedPort[]>(context, '/berth/ports', {});
    const rows = found.map((one) => ({
      Host: `${one.hostAddress.includes(':') ? `[${one.hostAddress}]` : one.hostAddress}:${one.hostPort}`,
      Port: `${one.port}/${one.protocol}`,
      Container: one.container,
      ReachableBy: one.reachableBy,
      Warning: one.warning ?? '',
    }));
    const columns = '{{.Host}}\t{{.Port}}\t{{.Container}}\t{{.ReachableBy}}\t{{.Warning}}';
    const format = flags.format === 'table' ? `table ${columns}` : flags.format;
    context.out(renderRows(format, rows, { typeName: '*formatter.portContext', titles: TITLES }));
    return 0;
  },
});

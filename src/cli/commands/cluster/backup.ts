// `cluster backup` and `restore`: a cluster's memory as a file, and a cluster from it.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { command } from '../../session/context.ts';
import { exactly, Failure, flag } from '../../grammar/index.ts';

export const backup = command({
  use: 'FILE',
  description: 'Save everything that the cluster knows to a file; who has it has every secret of the cluster',
  args: exactly(1),
  flags: {},
  async run(context, { args: [file = ''] }) {
    const text = await context.client.text('BerthClusterBackup');
    writeFileSync(`${file}.new`, text, { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
    return 0;
  },
});

export const restore = command({
  use: '[OPTIONS] FILE',
  description: 'Begin a cluster from a backup, with this machine as its only manager',
  args: exactly(1),
  flags: {
    'advertise-addr': flag.string('', 'Advertised address (format: "<ip|interface>[:port]")'),
    'listen-addr': flag.string('', 'Listen address (format: "<ip|interface>[:port]")', '0.0.0.0:2377'),
  },
  async run(context, { flags, args: [file = ''] }) {
    let saved: unknown;
    try {
      saved = JSON.parse(readFileSync(file, 'utf8'));
    } catch {
      throw new Failure(`${file} is no backup of a cluster`);
    }
    const node = await context.client.json<string>('BerthClusterRestore', {
      json: { Backup: saved, ListenAddr: flags['listen-addr'], AdvertiseAddr: flags['advertise-addr'] },
    });
    context.out(`${node}\n`);
    return 0;
  },
});

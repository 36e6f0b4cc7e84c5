// `volume create`: a new volume.
import { command } from '../../session/context.ts';
import { atMost, Failure, flag } from '../../grammar/index.ts';
import { checkLabel, toMap } from '../../../spec/docker/shorthand/index.ts';

export const create = command({
  use: '[OPTIONS] [VOLUME]',
  description: 'Create a volume',
  args: atMost(1),
  flags: {
    availability: flag.string('', 'Cluster Volume availability ("active", "pause", "drain")', 'active', {
      since: '1.42',
    }),
    driver: flag.string('d', 'Specify volume driver name', 'local'),
    group: flag.string('', 'Cluster Volume group (cluster volumes)', '', { since: '1.42' }),
    label: flag.list('', 'Set metadata for a volume', checkLabel),
    'limit-bytes': flag.bytes('', 'Minimum size of the Cluster Volume in bytes', { since: '1.42' }),
    opt: flag.map('o', 'Set driver specific options'),
    'required-bytes': flag.bytes('', 'Maximum size of the Cluster Volume in bytes', { since: '1.42' }),
    scope: flag.string('', 'Cluster Volume access scope ("single", "multi")', 'single', { since: '1.42' }),
    secret: flag.map('', 'Cluster Volume secrets'),
    sharing: flag.string('', 'Cluster Volume access sharing ("none", "readonly", "onewriter", "all")', 'none', {
      since: '1.42',
    }),
    'topology-preferred': flag.list('', 'A topology that the Cluster Volume would be preferred in', (text) => text, {
      since: '1.42',
    }),
    'topology-required': flag.list('', 'A topology that the Cluster Volume must be accessible from', (text) => text, {
      since: '1.42',
    }),
    type: flag.string('', 'Cluster Volume access type ("mount", "block")', 'block', { since: '1.42' }),
    name: flag.string('', 'Specify volume name', '', { hidden: true }),
  },
  async run(context, { flags, changed, args: [name] }) {
    if (name !== undefined && flags.name !== '')
      throw new Failure(
        'conflicting options: cannot specify a volume-name through both --name and as a positional arg',
      );
    const cluster = [
      'availability',
      'group',
      'limit-bytes',
      'required-bytes',
      'scope',
      'secret',
      'sharing',
      'topology-preferred',
      'topology-required',
      'type',
    ] as const;
    const used = cluster.find((one) => changed(one));
    if (used !== undefined)
      throw new Failure(`--${used} belongs to cluster volumes, which this client does not create`);
    const body = {
      Driver: flags.driver,
      DriverOpts: Object.fromEntries(flags.opt),
      Name: name ?? flags.name,
      Labels: toMap(flags.label),
    };
    context.out(`${(await context.client.call('VolumeCreate', { body })).Name}\n`);
    return 0;
  },
});

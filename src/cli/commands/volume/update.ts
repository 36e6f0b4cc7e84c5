// `volume update`: the availability of a cluster volume.
import { command } from '../../session/context.ts';
import { exactly, flag } from '../../grammar/index.ts';

export const update = command({
  use: '[OPTIONS] [VOLUME]',
  description: 'Update a volume (cluster volumes only)',
  args: exactly(1),
  flags: {
    availability: flag.string('', 'Cluster Volume availability ("active", "pause", "drain")', 'active', {
      since: '1.42',
    }),
  },
  async run(context, { flags, changed, args: [name = ''] }) {
    const volume = await context.client.json<{ ClusterVolume?: { Version?: { Index?: number }; Spec?: object } }>(
      'VolumeInspect',
      { params: { name } },
    );
    if (!volume.ClusterVolume) throw new Error('Can only update cluster volumes');
    const { Version: version, Spec: spec } = volume.ClusterVolume;
    await context.client.text('VolumeUpdate', {
      params: { name },
      query: { version: version?.Index ?? 0 },
      json: { Spec: { ...spec, ...(changed('availability') ? { Availability: flags.availability } : {}) } },
    });
    return 0;
  },
});

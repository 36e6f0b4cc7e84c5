// `hub down`: takes the container of a hub away; its images stay in the volume unless they are to go too.
import { flag, none } from '../../grammar/index.ts';
import { command } from '../../session/context.ts';
import { inspectHub, removeHub } from './existing.ts';

export const down = command({
  use: '[OPTIONS]',
  description: 'Remove the container of a hub; its images stay in their volume',
  args: none,
  flags: {
    name: flag.string('', 'Name of the container', 'berth-hub'),
    volumes: flag.bool('v', 'Remove the volume with all images and accounts, too'),
  },
  async run(context, { flags }) {
    const { client } = context;
    const { id, volumes } = await inspectHub(client, flags.name);
    await removeHub(client, id);
    if (flags.volumes) for (const name of volumes) await client.text('VolumeDelete', { params: { name } });
    context.out(`${flags.name}\n`);
    return 0;
  },
});

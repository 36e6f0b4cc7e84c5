// `hub down`: takes the container of a hub away; its images stay in the volume unless they are to go too.
import { exactly, Failure, flag } from '../../grammar/index.ts';
import { command } from '../../session/context.ts';
import { LABEL } from './container.ts';

export const down = command({
  use: '[OPTIONS]',
  description: 'Remove the container of a hub; its images stay in their volume',
  args: exactly(0),
  flags: {
    name: flag.string('', 'Name of the container', 'berth-hub'),
    volumes: flag.bool('v', 'Remove the volume with all images and accounts, too'),
  },
  async run(context, { flags }) {
    const { client } = context;
    const { Config, Mounts } = await client.call('ContainerInspect', { params: { id: flags.name } });
    if (Config.Labels?.[LABEL] === undefined) throw new Failure(`the container ${flags.name} is not a hub`);
    await client.text('ContainerStop', { params: { id: flags.name } });
    await client.text('ContainerDelete', { params: { id: flags.name }, query: { force: true } });
    if (flags.volumes)
      for (const { Type, Name } of Mounts)
        if (Type === 'volume' && Name !== undefined) await client.text('VolumeDelete', { params: { name: Name } });
    context.out(`${flags.name}\n`);
    return 0;
  },
});

// `volume inspect`: all that is known of volumes.
import { command } from '../../session/context.ts';
import { atLeast, flag, INSPECT_FORMAT_HELP } from '../../grammar/index.ts';
import { inspect } from '../shared/inspecting.ts';

export const inspectVolume = command({
  use: '[OPTIONS] VOLUME [VOLUME...]',
  description: 'Display detailed information on one or more volumes',
  args: atLeast(1),
  flags: {
    format: flag.string('f', INSPECT_FORMAT_HELP),
  },
  async run(context, { flags, args }) {
    return inspect(context, args, flags.format, (name) => context.client.text('VolumeInspect', { params: { name } }));
  },
});

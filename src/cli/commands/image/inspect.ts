// `image inspect`: all that is known of images.
import { command } from '../../session/context.ts';
import { atLeast, flag, INSPECT_FORMAT_HELP } from '../../grammar/index.ts';
import { inspect } from '../shared/inspecting.ts';
import { platformQuery } from './platform.ts';

export const inspectImage = command({
  use: '[OPTIONS] IMAGE [IMAGE...]',
  description: 'Display detailed information on one or more images',
  args: atLeast(1),
  flags: {
    format: flag.string('f', INSPECT_FORMAT_HELP),
    platform: flag.string(
      '',
      "Inspect a specific platform of the multi-platform image.\nIf the image or the server is not multi-platform capable, the command will error out if the platform does not match.\n'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
      '',
      { since: '1.49' },
    ),
  },
  async run(context, { flags, args }) {
    const query = platformQuery(flags.platform, '');
    return inspect(context, args, flags.format, (name) =>
      context.client.text('ImageInspect', { params: { name }, query }),
    );
  },
});

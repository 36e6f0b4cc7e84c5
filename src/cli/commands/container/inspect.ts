// `container inspect`: all that is known of containers.
import { command } from '../../session/context.ts';
import { atLeast, flag, INSPECT_FORMAT_HELP } from '../../grammar/index.ts';
import { inspect } from '../shared/inspecting.ts';

export const inspectContainer = command({
  use: '[OPTIONS] CONTAINER [CONTAINER...]',
  description: 'Display detailed information on one or more containers',
  args: atLeast(1),
  flags: {
    format: flag.string('f', INSPECT_FORMAT_HELP),
    size: flag.bool('s', 'Display total file sizes'),
  },
  async run(context, { flags, args }) {
    const query = flags.size ? { size: true } : {};
    return inspect(context, args, flags.format, (id) =>
      context.client.text('ContainerInspect', { params: { id }, query }),
    );
  },
});

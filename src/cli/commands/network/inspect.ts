// `network inspect`: all that is known of networks.
import { command } from '../../session/context.ts';
import { atLeast, flag, INSPECT_FORMAT_HELP } from '../../grammar/index.ts';
import { inspect } from '../shared/inspecting.ts';

export const inspectNetwork = command({
  use: '[OPTIONS] NETWORK [NETWORK...]',
  description: 'Display detailed information on one or more networks',
  args: atLeast(1),
  flags: {
    format: flag.string('f', INSPECT_FORMAT_HELP),
    verbose: flag.bool('v', 'Verbose output for diagnostics'),
  },
  async run(context, { flags, args }) {
    const query = flags.verbose ? { verbose: true } : {};
    return inspect(context, args, flags.format, (id) =>
      context.client.text('NetworkInspect', { params: { id }, query }),
    );
  },
});

// `service inspect` and `node inspect`: all that is known of them.
import { command } from '../../session/context.ts';
import { atLeast, flag, INSPECT_FORMAT_HELP } from '../../grammar/index.ts';
import { inspect } from '../shared/inspecting.ts';

const flags = { format: flag.string('f', INSPECT_FORMAT_HELP) };

export const inspectService = command({
  use: '[OPTIONS] SERVICE [SERVICE...]',
  description: 'Display detailed information on one or more services',
  args: atLeast(1),
  flags,
  run: (context, { flags: { format }, args }) =>
    inspect(context, args, format, (id) =>
      context.client.text('ServiceInspect', { params: { id }, query: { insertDefaults: true } }),
    ),
});

export const inspectNode = command({
  use: '[OPTIONS] self|NODE [NODE...]',
  description: 'Display detailed information on one or more nodes',
  args: atLeast(1),
  flags,
  run: (context, { flags: { format }, args }) =>
    inspect(context, args, format, (id) => context.client.text('NodeInspect', { params: { id } })),
});

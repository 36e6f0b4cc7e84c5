// `stop`: a signal, then after a while a kill.
import { command } from '../../session/context.ts';
import { atLeast, Failure, flag } from '../../grammar/index.ts';
import { forEach } from '../shared/batch.ts';

export const stop = command({
  use: '[OPTIONS] CONTAINER [CONTAINER...]',
  description: 'Stop one or more running containers',
  aliases: 'docker container stop, docker stop',
  args: atLeast(1),
  flags: {
    signal: flag.string('s', 'Signal to send to the container'),
    timeout: flag.int('t', 'Seconds to wait before killing the container'),
    time: flag.int('', 'Seconds to wait before killing the container (use --timeout instead)', 0, {
      hidden: true,
      aliasOf: 'timeout',
      deprecated: 'use --timeout instead',
    }),
  },
  async run(context, { flags, changed, args, given }) {
    if (given('time') && given('timeout'))
      throw new Failure('conflicting options: cannot specify both --timeout and --time');
    const query = {
      ...(flags.signal === '' ? {} : { signal: flags.signal }),
      ...(changed('timeout') ? { t: flags.timeout } : {}),
    };
    return forEach(context, args, (id) => context.client.text('ContainerStop', { params: { id }, query }));
  },
});

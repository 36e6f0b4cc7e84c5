// `network connect`: one more network for a container.
import { command } from '../../session/context.ts';
import { exactly, Failure, flag } from '../../grammar/index.ts';
import { checkLink } from '../../../spec/docker/shorthand/index.ts';

export const connect = command({
  use: '[OPTIONS] NETWORK CONTAINER',
  description: 'Connect a container to a network',
  args: exactly(2),
  flags: {
    alias: flag.strings('', 'Add network-scoped alias for the container'),
    'driver-opt': flag.strings('', 'driver options for the network'),
    'gw-priority': flag.int(
      '',
      'Highest gw-priority provides the default gateway. Accepts positive and negative values.',
    ),
    ip: flag.string('', 'IPv4 address (e.g., "172.30.100.104")'),
    ip6: flag.string('', 'IPv6 address (e.g., "2001:db8::33")'),
    link: flag.list('', 'Add link to another container', checkLink),
    'link-local-ip': flag.strings('', 'Add a link-local address for the container'),
  },
  async run(context, { flags, args: [id = '', container = ''] }) {
    const options = flags['driver-opt'].map((text) => {
      const [key = '', value] = text.split(/=(.*)/s);
      if (value === undefined || key === '') throw new Failure('invalid key/value pair format in driver options');
      return [key, value];
    });
    const addressed = flags.ip !== '' || flags.ip6 !== '' || flags['link-local-ip'].length > 0;
    await context.client.text('NetworkConnect', {
      params: { id },
      json: {
        Container: container,
        EndpointConfig: {
          ...(addressed
            ? { IPAMConfig: { IPv4Address: flags.ip, IPv6Address: flags.ip6, LinkLocalIPs: flags['link-local-ip'] } }
            : {}),
          Links: flags.link,
          Aliases: flags.alias,
          DriverOpts: Object.fromEntries(options),
          GwPriority: flags['gw-priority'],
        },
      },
    });
    return 0;
  },
});

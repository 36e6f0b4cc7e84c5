// `swarm join` and `swarm leave`: into a cluster and out of it.
import { command } from '../../session/context.ts';
import { exactly, flag, none } from '../../grammar/index.ts';

export const join = command({
  use: '[OPTIONS] HOST:PORT',
  description: 'Join a swarm as a node and/or manager',
  args: exactly(1),
  flags: {
    'advertise-addr': flag.string('', 'Advertised address (format: "<ip|interface>[:port]")'),
    availability: flag.string('', 'Availability of the node ("active", "pause", "drain")', 'active'),
    'listen-addr': flag.string('', 'Listen address (format: "<ip|interface>[:port]")', '0.0.0.0:2377'),
    token: flag.string('', 'Token for entry into the swarm'),
  },
  async run(context, { flags, args: [remote = ''] }) {
    await context.client.text('SwarmJoin', {
      json: {
        JoinToken: flags.token,
        ListenAddr: flags['listen-addr'],
        AdvertiseAddr: flags['advertise-addr'],
        Availability: flags.availability,
        RemoteAddrs: [remote],
      },
    });
    const { Swarm } = await context.client.json<{ Swarm: { ControlAvailable: boolean } }>('SystemInfo');
    context.out(`This node joined a swarm as a ${Swarm.ControlAvailable ? 'manager' : 'worker'}.\n`);
    return 0;
  },
});

export const leave = command({
  use: '[OPTIONS]',
  description: 'Leave the swarm',
  args: none,
  flags: { force: flag.bool('f', 'Force this node to leave the swarm, ignoring warnings') },
  async run(context, { flags }) {
    await context.client.text('SwarmLeave', { query: { force: flags.force } });
    context.out('Node left the swarm.\n');
    return 0;
  },
});

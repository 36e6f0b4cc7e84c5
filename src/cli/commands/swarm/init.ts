// `swarm init`: a new cluster, with this daemon's machine as its first manager.
import { command } from '../../session/context.ts';
import { flag, none } from '../../grammar/index.ts';
import { joinCommand, type SwarmState } from './token.ts';
import { unlockHint } from './unlock.ts';

export const init = command({
  use: '[OPTIONS]',
  description: 'Initialize a swarm',
  args: none,
  flags: {
    'advertise-addr': flag.string('', 'Advertised address (format: "<ip|interface>[:port]")'),
    autolock: flag.bool('', 'Enable manager autolocking (requiring an unlock key to start a stopped manager)'),
    availability: flag.string('', 'Availability of the node ("active", "pause", "drain")', 'active'),
    'cert-expiry': flag.duration('', 'Validity period for node certificates (ns|us|ms|s|m|h) (default 2160h0m0s)'),
    'data-path-port': flag.uint('', 'Port number to use for data path traffic (1024 - 49151)', 64),
    'default-addr-pool': flag.list('', 'default address pool in CIDR format'),
    'default-addr-pool-mask-length': flag.uint('', 'default address pool subnet mask length', 64),
    'dispatcher-heartbeat': flag.duration('', 'Dispatcher heartbeat period (ns|us|ms|s|m|h) (default 5s)'),
    'force-new-cluster': flag.bool('', 'Force create a new cluster from current state'),
    'listen-addr': flag.string('', 'Listen address (format: "<ip|interface>[:port]")', '0.0.0.0:2377'),
    'max-snapshots': flag.uint('', 'Number of additional Raft snapshots to retain', 64),
    'snapshot-interval': flag.uint('', 'Number of log entries between Raft snapshots (default 10000)', 64),
    'task-history-limit': flag.int('', 'Task history retention limit', 5),
  },
  async run(context, { flags }) {
    const { client } = context;
    const node = await client.json<string>('SwarmInit', {
      json: {
        ListenAddr: flags['listen-addr'],
        AdvertiseAddr: flags['advertise-addr'],
        Availability: flags.availability,
        ForceNewCluster: flags['force-new-cluster'],
        DataPathPort: flags['data-path-port'],
        DefaultAddrPool: flags['default-addr-pool'].length === 0 ? null : flags['default-addr-pool'],
        SubnetSize: flags['default-addr-pool-mask-length'],
        Spec: {
          Orchestration: { TaskHistoryRetentionLimit: flags['task-history-limit'] },
          EncryptionConfig: { AutoLockManagers: flags.autolock },
          CAConfig: { NodeCertExpiry: Number(flags['cert-expiry']) },
          Dispatcher: { HeartbeatPeriod: Number(flags['dispatcher-heartbeat']) },
          Raft: { KeepOldSnapshots: flags['max-snapshots'], SnapshotInterval: flags['snapshot-interval'] },
        },
      },
    });
    const state = await client.json<SwarmState>('SwarmInspect');
    const worker = await joinCommand(client, state.JoinTokens.Worker);
    context.out(
      `Swarm initialized: current node (${node}) is now a manager.\n\nTo add a worker to this swarm, run the following command:\n\n${worker}\n\nTo add a manager to this swarm, run 'berth swarm join-token manager' and follow the instructions.\n\n`,
    );
    if (flags.autolock) context.out(await unlockHint(client));
    return 0;
  },
});

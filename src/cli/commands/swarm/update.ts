// `swarm update`: settings of the whole cluster; those that are not named stay as they are.
import { Failure, flag, none } from '../../grammar/index.ts';
import { command } from '../../session/context.ts';
import type { SwarmState } from './token.ts';
import { unlockHint } from './unlock.ts';

interface Spec {
  readonly Orchestration?: object;
  readonly Raft?: object;
  readonly Dispatcher?: object;
  readonly CAConfig?: object;
  readonly EncryptionConfig?: { readonly AutoLockManagers?: boolean };
}

export const update = command({
  use: '[OPTIONS]',
  description: 'Update the swarm',
  args: none,
  flags: {
    autolock: flag.bool('', 'Change manager autolocking setting (true|false)'),
    'cert-expiry': flag.duration('', 'Validity period for node certificates (ns|us|ms|s|m|h) (default 2160h0m0s)'),
    'dispatcher-heartbeat': flag.duration('', 'Dispatcher heartbeat period (ns|us|ms|s|m|h) (default 5s)'),
    'max-snapshots': flag.uint('', 'Number of additional Raft snapshots to retain', 64),
    'snapshot-interval': flag.uint('', 'Number of log entries between Raft snapshots', 64),
    'task-history-limit': flag.int('', 'Task history retention limit', 5),
  },
  async run(context, { flags, changed }) {
    const { client } = context;
    const { Spec: before, Version } = await client.json<SwarmState & { readonly Spec: Spec }>('SwarmInspect');
    const settings = {
      ...(changed('autolock') ? { EncryptionConfig: { AutoLockManagers: flags.autolock } } : {}),
      ...(changed('cert-expiry')
        ? { CAConfig: { ...before.CAConfig, NodeCertExpiry: Number(flags['cert-expiry']) } }
        : {}),
      ...(changed('dispatcher-heartbeat')
        ? { Dispatcher: { HeartbeatPeriod: Number(flags['dispatcher-heartbeat']) } }
        : {}),
      ...(changed('max-snapshots') || changed('snapshot-interval')
        ? {
            Raft: {
              ...before.Raft,
              ...(changed('max-snapshots') ? { KeepOldSnapshots: flags['max-snapshots'] } : {}),
              ...(changed('snapshot-interval') ? { SnapshotInterval: flags['snapshot-interval'] } : {}),
            },
          }
        : {}),
      ...(changed('task-history-limit')
        ? { Orchestration: { TaskHistoryRetentionLimit: flags['task-history-limit'] } }
        : {}),
    };
    if (Object.keys(settings).length === 0) throw new Failure('no setting is named that is to change');
    await client.text('SwarmUpdate', { query: { version: Version.Index }, json: { ...before, ...settings } });
    context.out('Swarm updated.\n');
    const wasLocked = before.EncryptionConfig?.AutoLockManagers ?? false;
    if (changed('autolock') && flags.autolock && !wasLocked) context.out(await unlockHint(client));
    return 0;
  },
});

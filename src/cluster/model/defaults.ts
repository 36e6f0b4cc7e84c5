// What a cluster is like when nothing was asked for, as in Swarm.
import type { ClusterSpec } from './objects.ts';

export const DEFAULT_SPEC: ClusterSpec = {
  Name: 'default',
  Labels: {},
  Orchestration: { TaskHistoryRetentionLimit: 5 },
  Raft: {
    SnapshotInterval: 10_000,
    KeepOldSnapshots: 0,
    LogEntriesForSlowFollowers: 500,
    ElectionTick: 10,
    HeartbeatTick: 1,
  },
  Dispatcher: { HeartbeatPeriod: 5e9 },
  CAConfig: { NodeCertExpiry: 90 * 24 * 3600 * 1e9 },
  TaskDefaults: {},
  EncryptionConfig: { AutoLockManagers: false },
};

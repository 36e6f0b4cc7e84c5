// Volumes in a temporary directory, with users and events that a test can look at.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../base/log.ts';
import { openRecords } from '../store/records/index.ts';
import { openVolumes, type VolumeRecord, type Volumes } from './index.ts';

export interface VolumeBench extends AsyncDisposable {
  readonly dir: string;
  readonly volumes: Volumes;
  /** Containers by volume: what `users` answers. */
  readonly used: Map<string, string[]>;
  /** `action id`, in order. */
  readonly events: string[];
  /** A second view on the same files, as after a restart. */
  reopen(): Volumes;
}

export function volumeBench(): VolumeBench {
  const dir = mkdtempSync(join(tmpdir(), 'berth-volumes-'));
  const records = openRecords(join(dir, 'records.db'), silentLog);
  const used = new Map<string, string[]>();
  const events: string[] = [];
  const open = (): Volumes =>
    openVolumes({
      root: join(dir, 'volumes'),
      log: silentLog,
      records: records.table<VolumeRecord>('volumes'),
      users: { usersOf: (name) => used.get(name) ?? [] },
      events: ({ action, id }) => events.push(`${action} ${id}`),
      plugins: { sockets: [join(dir, 'plugins')], specs: [join(dir, 'specs')] },
    });
  const volumes = open();
  return {
    dir,
    volumes,
    used,
    events,
    reopen: open,
    async [Symbol.asyncDispose]() {
      used.clear();
      await volumes.prune(new Map([['all', ['true']]]), 51);
      records[Symbol.dispose]();
      rmSync(dir, { recursive: true });
    },
  };
}

// Takes away what a daemon that has ended left on the host: links, tables, mounts, empty control groups. Data stays.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { conflict } from '../base/errors.ts';
import { groupDirectories, groupProcesses, observeCgroups, removeEmptyGroup, removeGroup } from '../host/cgroup.ts';
import { mountsBelow, unmountSync } from '../host/mount.ts';
import { removeFromHost } from '../network/index.ts';
import { instanceOf, realRoot } from './directories.ts';
import { lockRoot } from './lock.ts';

/** Throws, and changes nothing, while a daemon or a container runs there. */
export async function removeLeftovers(data: string, exec: string): Promise<void> {
  const [dataRoot, execRoot] = [realRoot(data), realRoot(exec)];
  const instance = instanceOf(dataRoot);
  using _ = lockRoot(dataRoot, join(execRoot, 'berth.pid'));
  const cgroups = observeCgroups();
  const running = groupProcesses(cgroups, `/berth/${instance}`);
  if (running.length > 0)
    throw conflict(`containers still run in ${groupDirectories(cgroups, `/berth/${instance}`)[0]}: stop them first`);
  await removeFromHost(instance);
  for (const point of [...mountsBelow(execRoot), ...mountsBelow(dataRoot)]) unmountSync(point);
  removeGroup(cgroups, `/berth/${instance}`);
  removeEmptyGroup(cgroups, '/berth');
  rmSync(join(execRoot, 'berth.pid'), { force: true });
}

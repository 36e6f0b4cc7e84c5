// Removes networks that nobody uses; one that cannot be removed stays, and is no failure of the whole.
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { NetworkRecord } from '../model/record.ts';

/** Gives the names of those that are gone. */
export async function pruneNetworks(
  unused: readonly NetworkRecord[],
  remove: (id: string) => Promise<void>,
  log: Log,
): Promise<string[]> {
  const deleted: string[] = [];
  for (const { id, name } of unused) {
    try {
      await remove(id);
      deleted.push(name);
    } catch (error) {
      log.warn(`prune: network ${name} stays: ${messageOf(error)}`);
    }
  }
  return deleted;
}

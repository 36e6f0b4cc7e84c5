// Locked managers: the cluster's unlock key, as it is kept in the store, and what follows from it on this machine.
import type { Cluster } from '../model/objects.ts';
import { type SealKey, seal, unseal } from '../security/seal.ts';

export const LOCKED =
  'Swarm is encrypted and needs to be unlocked before it can be used. Please use "docker swarm unlock" to unlock it.';

const SUBJECT = 'unlock';

export function sealUnlockKey(sealKey: SealKey, unlockKey: SealKey): string {
  return seal(sealKey, SUBJECT, Buffer.from(unlockKey));
}

/** Undefined where managers are not locked. */
export function unlockKeyOf(cluster: Cluster, sealKey: SealKey): SealKey | undefined {
  if (!cluster.Spec.EncryptionConfig.AutoLockManagers || cluster.UnlockKey === undefined) return undefined;
  return unseal(sealKey, SUBJECT, cluster.UnlockKey).toString();
}

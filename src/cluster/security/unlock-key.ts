// The key that locks what managers keep on disk: as people write it down, and as the cluster's record has it.
import { unauthorized } from '../../base/errors.ts';
import type { Cluster } from '../model/objects.ts';
import { seal, type SealKey, unseal } from './seal.ts';

const PREFIX = 'SWMKEY-1-';
const KEY_BYTES = 32;

export const WRONG_KEY = 'swarm could not be unlocked: invalid key provided';

export function unlockKeyText(key: SealKey): string {
  return `${PREFIX}${key.replaceAll('=', '')}`;
}

/** Throws in Docker's words. */
export function readUnlockKey(text: string): SealKey {
  const bytes = Buffer.from(text.trim().slice(PREFIX.length), 'base64');
  if (!text.trim().startsWith(PREFIX) || bytes.length !== KEY_BYTES) throw unauthorized(WRONG_KEY);
  return bytes.toString('base64');
}

const SUBJECT = 'unlock';

export function sealUnlockKey(sealKey: SealKey, unlockKey: SealKey): string {
  return seal(sealKey, SUBJECT, Buffer.from(unlockKey));
}

/** Undefined where managers are not locked. */
export function unlockKeyOf(cluster: Cluster, sealKey: SealKey): SealKey | undefined {
  if (!cluster.Spec.EncryptionConfig.AutoLockManagers || cluster.UnlockKey === undefined) return undefined;
  return unseal(sealKey, SUBJECT, cluster.UnlockKey).toString();
}

// The key that locks what managers keep on disk, in the form in which people write it down. Pure.
import { unauthorized } from '../../base/errors.ts';
import type { SealKey } from './seal.ts';

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

// Sealing of what must not lie on a disk in clear: AES-256-GCM under the cluster's key, which only managers hold.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { unavailable } from '../../base/errors.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** 32 bytes in base64. */
export type SealKey = string;

export function newSealKey(): SealKey {
  return randomBytes(32).toString('base64');
}

/** `subject` is bound to the sealed text: moved to another object it does not open. */
export function seal(key: SealKey, subject: string, data: Uint8Array): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key, 'base64'), nonce).setAAD(Buffer.from(subject));
  const body = Buffer.concat([cipher.update(data), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
}

export function unseal(key: SealKey, subject: string, sealed: string): Buffer {
  const bytes = Buffer.from(sealed, 'base64');
  const head = NONCE_BYTES + TAG_BYTES;
  try {
    const cipher = createDecipheriv('aes-256-gcm', Buffer.from(key, 'base64'), bytes.subarray(0, NONCE_BYTES));
    cipher.setAAD(Buffer.from(subject)).setAuthTag(bytes.subarray(NONCE_BYTES, head));
    return Buffer.concat([cipher.update(bytes.subarray(head)), cipher.final()]);
  } catch {
    throw unavailable(`${subject} was sealed with another key, or has been changed`);
  }
}

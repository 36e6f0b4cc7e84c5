// Object identities: 64 hex digits as Docker has them, and digests.
import { createHash, randomBytes } from 'node:crypto';

/** A content address, `sha256:` and 64 hex digits. */
export type Digest = `sha256:${string}`;

/** A new random id of 64 hex digits whose first 12 are not all decimal (they would read as a number, or a host name of digits). */
export function randomId(): string {
  for (;;) {
    const id = randomBytes(32).toString('hex');
    if (/[a-f]/.test(id.slice(0, 12))) return id;
  }
}

export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}

export function sha256(data: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

export function isDigest(text: string): text is Digest {
  return /^sha256:[a-f0-9]{64}$/.test(text);
}

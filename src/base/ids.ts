// Object identities: 64 hex digits as Docker has them, and digests.
import { randomBytes } from 'node:crypto';

export { type Digest, isDigest, sha256 } from './digest.ts';

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

// Digests: content addresses, and what is wrong with the text of one. Pure.
import { createHash } from 'node:crypto';
import { invalid } from './errors.ts';

/** A content address, `sha256:` and 64 hex digits. */
export type Digest = `sha256:${string}`;

export function sha256(data: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

export function isDigest(text: string): text is Digest {
  return /^sha256:[a-f0-9]{64}$/.test(text);
}

const DIGEST_LENGTHS: ReadonlyMap<string, number> = new Map([
  ['sha256', 64],
  ['sha384', 96],
  ['sha512', 128],
]);

/** Throws what is wrong with the text of a digest, in the words of Docker's programs. A text without a colon has no digest's form. */
export function validateDigest(digest: string): void {
  const colon = digest.indexOf(':');
  if (colon <= 0) throw invalid('invalid checksum digest format');
  const length = DIGEST_LENGTHS.get(digest.slice(0, colon));
  if (length === undefined) throw invalid('unsupported digest algorithm');
  const hex = digest.slice(colon + 1);
  if (hex.length !== length) throw invalid('invalid checksum digest length');
  if (!/^[a-f0-9]+$/.test(hex)) throw invalid('invalid checksum digest format');
}

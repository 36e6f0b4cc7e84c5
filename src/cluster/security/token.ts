// Join tokens as Swarm prints them: SWMTKN-1-, the digest of the root certificate, and a secret that tells the role.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { invalid } from '../../base/errors.ts';
import { base36 } from '../model/ids.ts';

const DIGEST_CHARACTERS = 50;
const SECRET_CHARACTERS = 25;

/** `rootDer` is the root certificate's DER. */
export function newToken(rootDer: Uint8Array): string {
  return `SWMTKN-1-${rootDigest(rootDer)}-${base36(randomBytes(17), SECRET_CHARACTERS)}`;
}

export function rootDigest(rootDer: Uint8Array): string {
  return base36(createHash('sha256').update(rootDer).digest(), DIGEST_CHARACTERS);
}

/** The digest that a token names; throws for what is none. */
export function digestOf(token: string): string {
  const match = /^SWMTKN-1-([0-9a-z]{50})-[0-9a-z]{25}$/.exec(token);
  if (!match) throw invalid('invalid join token');
  return match[1] ?? '';
}

/** Without telling by its time how much of it was right. */
export function sameToken(a: string, b: string): boolean {
  const [one, other] = [a, b].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(one, other);
}

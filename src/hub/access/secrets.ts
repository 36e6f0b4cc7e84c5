// Passwords and the secrets of robots as they are kept: scrypt for what people choose, a plain hash for what is random.
import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** 16 MiB and some 50 ms each. */
const COST = { N: 16_384, r: 8, p: 1 };
const KEY_BYTES = 32;
const ROBOT_PREFIX = 'bhr_';
/** Personal tokens begin so, which tells them from passwords before anything is computed. */
const PERSONAL_PREFIX = 'bhp_';

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt);
  return `scrypt$${COST.N}$${COST.r}$${COST.p}$${salt.toString('base64url')}$${key.toString('base64url')}`;
}

/** A secret nobody can guess, and the form in which it is kept. */
export function newRobotSecret(): { readonly secret: string; readonly kept: string } {
  const secret = `${ROBOT_PREFIX}${randomBytes(32).toString('base64url')}`;
  return { secret, kept: `sha256$${sha256(secret).toString('base64url')}` };
}

export function newPersonalSecret(): { readonly secret: string; readonly kept: string } {
  const secret = `${PERSONAL_PREFIX}${randomBytes(32).toString('base64url')}`;
  return { secret, kept: sha256(secret).toString('base64url') };
}

/** The form in which a personal token is kept; undefined for what is none. A random secret of 256 bits needs no slow hash. */
export function keptPersonal(secret: string): string | undefined {
  return secret.startsWith(PERSONAL_PREFIX) ? sha256(secret).toString('base64url') : undefined;
}

/** An account that is not there: checking its password takes as long as any. */
const NOBODY = `scrypt$${COST.N}$${COST.r}$${COST.p}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** `kept` undefined: there is no such account. Takes the same time for right, wrong and unknown of a kind. */
export async function matchesSecret(kept: string | undefined, secret: string, isRobot: boolean): Promise<boolean> {
  if (isRobot) {
    const hash = kept?.startsWith('sha256$') ? Buffer.from(kept.slice(7), 'base64url') : Buffer.alloc(32);
    return timingSafeEqual(sha256(secret), hash) && kept !== undefined;
  }
  const [, n, r, p, salt = '', key = ''] = (kept ?? NOBODY).split('$');
  const derived = await derive(secret, Buffer.from(salt, 'base64url'), { N: Number(n), r: Number(r), p: Number(p) });
  return timingSafeEqual(derived, Buffer.from(key, 'base64url')) && kept !== undefined;
}

function derive(password: string, salt: Buffer, cost = COST): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, { ...cost, maxmem: 64 * 1024 * 1024 }, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

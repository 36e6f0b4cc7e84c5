// Names of objects as Swarm makes them: 25 characters of 0-9 and a-z.
import { randomBytes } from 'node:crypto';

const CHARACTERS = 25;

export function newId(): string {
  return base36(randomBytes(17), CHARACTERS);
}

/** The number that the bytes are, in base 36, padded to a length. */
export function base36(bytes: Uint8Array, length: number): string {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
    .toString(36)
    .padStart(length, '0')
    .slice(-length);
}

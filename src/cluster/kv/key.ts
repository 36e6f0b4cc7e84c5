// What may be a key, a prefix, a value, a lease of the applications' store. Pure.
import { forbidden, invalid, tooLarge } from '../../base/errors.ts';

export const LIMITS = {
  /** Bytes. */
  key: 512,
  /** Bytes: what is larger belongs into a config. */
  value: 64 * 1024,
  /** Seconds. */
  lease: { least: 5, most: 86_400 },
} as const;

/** What lies below is the registry's: made of tasks, and written by nobody. */
export const REGISTRY = 'services/';

export function isRegistry(key: string): boolean {
  return key.startsWith(REGISTRY);
}

/** Throws for what is none. */
export function checkKey(key: string): string {
  if (key === '') throw invalid('a key is needed');
  checkPrefix(key);
  if (key.endsWith('/')) throw invalid(`invalid key ${JSON.stringify(key)}: it ends with a slash`);
  return key;
}

/** The beginning of keys; empty for all. */
export function checkPrefix(prefix: string): string {
  const fault = (why: string): Error => invalid(`invalid key ${JSON.stringify(prefix.slice(0, 100))}: ${why}`);
  if (Buffer.byteLength(prefix) > LIMITS.key) throw fault(`it is longer than ${LIMITS.key} bytes`);
  // a lone surrogate would come back as another key
  if (/\p{Cc}/u.test(prefix) || !prefix.isWellFormed()) throw fault('it has characters that cannot be printed');
  const parts = prefix.split('/');
  if (parts.slice(0, -1).includes('') || parts.some((part) => part === '.' || part === '..'))
    throw fault('between its slashes there must be names');
  return prefix;
}

/** Throws for a key, or the beginning of keys, that only the registry may write. */
export function checkWritable(key: string): string {
  if (isRegistry(key))
    throw forbidden(`${REGISTRY} is the registry of tasks: what is there is made by the cluster alone`);
  return key;
}

const NO_VALUE = 'invalid value: base64 is wanted';

/** base64 as it comes in a body. */
export function checkValue(value: unknown): string {
  if (typeof value !== 'string') throw invalid(NO_VALUE);
  // before the expression, which looks at all of it
  if (Buffer.byteLength(value, 'base64') > LIMITS.value)
    throw tooLarge(`the value is larger than ${LIMITS.value} bytes`);
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value)) throw invalid(NO_VALUE);
  return value;
}

export function checkSeconds(seconds: number | undefined): number {
  const { least, most } = LIMITS.lease;
  if (seconds === undefined || seconds < least || seconds > most)
    throw invalid(`invalid time of a lease: ${least} to ${most} seconds are possible`);
  return seconds;
}

export function checkLease(id: string): string {
  if (!/^\d{1,20}$/.test(id)) throw invalid(`invalid lease ${JSON.stringify(id.slice(0, 40))}`);
  return id;
}

// Resource limits of another process, set from outside.
import { isErrno } from '../base/errors.ts';
import { bind, checked } from './libc.ts';

const prlimit = bind('int prlimit64(int pid, int resource, void *fresh, void *old)');

const RESOURCES: Readonly<Record<string, number>> = { RLIMIT_FSIZE: 1, RLIMIT_NOFILE: 7 };

/** `hard` and `soft` as they are in an OCI configuration. Throws with the errno's name in `code`. */
export function setLimit(pid: number, { type, hard, soft }: { type: string; hard: number; soft: number }): void {
  const resource = RESOURCES[type];
  if (resource === undefined) throw new Error(`${type} cannot be set from outside`);
  const values = Buffer.alloc(16);
  values.writeBigUInt64LE(bits(soft), 0);
  values.writeBigUInt64LE(bits(hard), 8);
  checked(prlimit(pid, resource, values, null) as number, 'prlimit', `${pid} ${type}`);
}

/** The same for one that may have ended. */
export function limitIfThere(pid: number, limit: Parameters<typeof setLimit>[1]): void {
  try {
    setLimit(pid, limit);
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error;
  }
}

const bits = (value: number): bigint => (value < 2 ** 64 ? BigInt(value) : 2n ** 64n - 1n);

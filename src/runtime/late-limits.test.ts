// Limits that crun could not work under.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lateLimits, withoutLimits } from './late-limits.ts';

test('users E14: few open files and small files are set late, other limits with the process', () => {
  const limit = (type: string, soft: number) => ({ type, soft, hard: soft });
  const early = [limit('RLIMIT_NOFILE', 1024), limit('RLIMIT_FSIZE', 2 ** 64), limit('RLIMIT_NPROC', 1)];
  const late = [limit('RLIMIT_NOFILE', 20), limit('RLIMIT_FSIZE', 0)];
  assert.deepEqual(lateLimits([...early, ...late]), late);
  const process = { rlimits: [...early, ...late] } as never;
  assert.deepEqual(withoutLimits(process, late).rlimits, early);
});

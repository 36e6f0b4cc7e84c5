import assert from 'node:assert/strict';
import { test } from 'node:test';
import { amd64Level } from './processor.ts';

test('generations of amd64 by what the kernel says of the processor', () => {
  const second = 'fpu cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3';
  const third = `${second} avx avx2 bmi1 bmi2 f16c fma abm movbe xsave`;
  const cases: Readonly<Record<string, string>> = {
    '': 'v1',
    'fpu sse2': 'v1',
    [second]: 'v2',
    [third]: 'v3',
    [third.replace('movbe', '')]: 'v2',
    [`${third} avx512f avx512bw avx512cd avx512dq avx512vl`]: 'v4',
  };
  for (const [flags, level] of Object.entries(cases))
    assert.equal(amd64Level(`processor\t: 0\nflags\t\t: ${flags}\nbugs\t\t: none\n`), level, flags);
});

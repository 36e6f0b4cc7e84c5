// Kinds and modes as Go counts them, against values that dockerd answered.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goMode, pathStat } from './path-stat.ts';

test('modes are those of os.FileMode', () => {
  const cases: [number, number][] = [
    [0o040755, 2147484141],
    [0o104755, 8389101],
    [0o120777, 134218239],
    [0o010644, 33554852],
    [0o020666, 69206454],
    [0o041777, 2148532735],
    [0o100644, 420],
  ];
  for (const [mode, expected] of cases) assert.equal(goMode(mode), expected, mode.toString(8));
});

test('names are UTF-8 again, and times keep their nanoseconds', () => {
  const name = Buffer.from('ü').toString('latin1');
  assert.deepEqual(pathStat({ name, size: 3, mode: 0o120777, mtime: 1_500_000_000_000_000_120n, target: `/${name}` }), {
    name: 'ü',
    size: 3,
    mode: 134218239,
    mtime: '2017-07-14T02:40:00.00000012Z',
    linkTarget: '/ü',
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTight, Room } from './room.ts';

const MB = 1024 * 1024;
/** Of a file system, in megabytes. */
const space = (all: number, free: number): { blocks: number; bavail: number; bsize: number } => ({
  blocks: all,
  bavail: free,
  bsize: MB,
});

test('a hundredth stays free, and at most 256 MB', () => {
  for (const [all, free, coming, tight] of [
    [1000, 500, 0, false],
    [1000, 10, 0, false],
    [1000, 9, 0, true],
    [1000, 500, 490, false],
    [1000, 500, 491, true],
    [1_000_000, 256, 0, false],
    [1_000_000, 255, 0, true],
    [1_000_000, 3000, 3000, true],
    [1000, 0, 0, true],
    [0, 0, 1000, false],
  ] as const)
    assert.equal(isTight(space(all, free), coming * MB), tight, `${all} ${free} ${coming}`);
});

test('the space is looked at before much comes and whenever much has come', () => {
  let looks = 0;
  let free = 100;
  const room = new Room(() => {
    looks += 1;
    return space(1000, free);
  });
  room.ahead(15 * MB);
  for (let count = 0; count < 15; count += 1) room.take(MB);
  assert.equal(looks, 0);
  room.take(MB);
  room.ahead(16 * MB);
  assert.equal(looks, 2);
  assert.throws(() => room.ahead(91 * MB), { code: 'ENOSPC', message: /no space left on device/ });
  free = 9;
  assert.throws(() => room.take(16 * MB), { code: 'ENOSPC' });
});

test('files with holes may claim the size of the file system once, however little is free', () => {
  const room = new Room(() => space(1000, 1));
  room.allocate(600 * MB);
  room.allocate(400 * MB);
  assert.throws(() => room.allocate(1), { code: 'ENOSPC' });
  new Room(() => space(0, 0)).allocate(Number.MAX_SAFE_INTEGER);
});

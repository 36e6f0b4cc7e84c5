import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { reopenLog, resizeTerminal } from './control.ts';

const bundle = mkdtempSync(join(tmpdir(), 'bundle-'));
after(() => rmSync(bundle, { recursive: true }));

function fifo(name: string): number {
  execFileSync('mkfifo', [join(bundle, name)]);
  return openSync(join(bundle, name), constants.O_RDONLY | constants.O_NONBLOCK);
}

function waitsIn(fd: number): string {
  const buffer = Buffer.alloc(200);
  try {
    return buffer.toString('latin1', 0, readSync(fd, buffer));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
    return '';
  }
}

test('one size at a time: of those that come before it is read, the last', async () => {
  resizeTerminal(bundle, 1, 1); // no monitor yet: nothing to tell
  const winsz = fifo('winsz');
  for (let side = 2; side < 9; side += 1) resizeTerminal(bundle, side, side);
  await pause(20);
  assert.equal(waitsIn(winsz), '2 2\n');
  await pause(20);
  assert.equal(waitsIn(winsz), '8 8\n');
  await pause(20);
  resizeTerminal(bundle, 9, 9);
  assert.equal(waitsIn(winsz), '9 9\n');
  closeSync(winsz);
  resizeTerminal(bundle, 10, 10); // the monitor is gone
});

test('an order to open the log again that waits serves for the next', () => {
  assert.equal(reopenLog(bundle), false);
  const ctl = fifo('ctl');
  assert.equal(reopenLog(bundle), true);
  assert.equal(reopenLog(bundle), true);
  assert.equal(waitsIn(ctl), '2 0 0\n');
  closeSync(ctl);
});

// Which mounts below /proc are refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkProcTarget } from './proc-targets.ts';

const check =
  (target: string, isProc = false) =>
  (): void =>
    checkProcTarget(target, { path: '/src', isProc });

test('nothing is mounted inside /proc but files that tell about the machine', () => {
  for (const target of ['/proc/sys', '/proc/1', '/proc/sys/kernel', '/proc/x/y', '/proc/uptime/x'])
    assert.throws(
      check(target),
      /error mounting "\/src" to rootfs at ".*cannot be mounted because it is inside \/proc/,
    );
  for (const target of ['/proc/uptime', '/proc/meminfo', '/process', '/sys', '/a/proc/sys']) check(target)();
});

test('/proc itself is another proc file system or nothing', () => {
  assert.throws(check('/proc'), /because it is not of type proc/);
  check('/proc', true)();
});

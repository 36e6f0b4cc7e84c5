import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { catchesSignal } from './process.ts';

test('a process catches the signals that it has handlers for', () => {
  const { SIGHUP, SIGKILL } = constants.signals;
  const before = catchesSignal(process.pid, SIGHUP);
  const handler = (): void => undefined;
  process.on('SIGHUP', handler);
  assert.equal(catchesSignal(process.pid, SIGHUP), true);
  process.off('SIGHUP', handler);
  assert.equal(catchesSignal(process.pid, SIGHUP), before);
  assert.equal(catchesSignal(process.pid, SIGKILL), false);
  assert.equal(catchesSignal(2 ** 30, SIGHUP), false);
});

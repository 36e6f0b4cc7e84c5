import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback } from './address.ts';

test('the loopback is 127.0.0.0/8, ::1 and their names, and nothing that looks like it', () => {
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost', '::ffff:127.0.0.1'])
    assert.equal(isLoopback(host), true, host);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.example.com', '::ffff:10.0.0.1', ''])
    assert.equal(isLoopback(host), false, host);
});

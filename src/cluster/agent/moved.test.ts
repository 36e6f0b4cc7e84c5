import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Identity } from '../security/identity.ts';
import { atAddress } from './moved.ts';

const node = { address: '10.0.0.2', addressIsOwn: true } as Identity;

test('fault N52: a worker whose machine has another address says that one', () => {
  assert.equal(atAddress(node, ['10.0.0.2'], '10.0.0.2'), node);
  assert.equal(atAddress(node, ['10.0.0.9'], '10.0.0.9').address, '10.0.0.9');
});

test('an address that never was the machine’s own stays, and so does that of a manager', () => {
  const { addressIsOwn: _, ...behind } = node;
  assert.equal(atAddress(behind, ['192.168.0.5'], '192.168.0.5'), behind);
  assert.equal(atAddress(behind, ['10.0.0.2'], '10.0.0.2').addressIsOwn, true);
  const manager = { ...node, manager: { sealKey: '', peer: '', members: [], joins: false } } as unknown as Identity;
  assert.equal(atAddress(manager, ['10.0.0.9'], '10.0.0.9'), manager);
});

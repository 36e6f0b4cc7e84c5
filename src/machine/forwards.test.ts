import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { changesOf, type Forward, forwardsOf, keyOf, monitorLine, sshForward } from './forwards.ts';

const published = (...ports: [string, number, string][]) => [
  { Ports: ports.map(([IP, PublicPort, Type]) => ({ IP, PublicPort, Type })) },
];

test('a port published on every address leads to the loopback of the machine, once', () => {
  const forwards = forwardsOf(published(['0.0.0.0', 80, 'tcp'], ['::', 80, 'tcp'], ['127.0.0.1', 53, 'udp']));
  assert.deepEqual(forwards, [
    { protocol: 'udp', port: 53, target: '127.0.0.1' },
    { protocol: 'tcp', port: 80, target: '127.0.0.1' },
  ]);
});

test('what is exposed without being published stays inside', () => {
  assert.deepEqual(forwardsOf([{ Ports: [{ Type: 'tcp' }] }, { Ports: null }, {}]), []);
});

test('a port on IPv6 alone leads there', () => {
  const [forward] = forwardsOf(published(['::', 8080, 'tcp']));
  assert.ok(forward);
  assert.equal(sshForward('127.0.0.1', forward), '127.0.0.1:8080:[::1]:8080');
  assert.equal(sshForward('[::1]', { ...forward, target: '127.0.0.1' }), '[::1]:8080:127.0.0.1:8080');
});

test('the lines of the monitor for UDP', () => {
  const forward: Forward = { protocol: 'udp', port: 53, target: '127.0.0.1' };
  assert.equal(monitorLine('forward', forward), 'hostfwd_add net0 udp:127.0.0.1:53-:53');
  assert.equal(monitorLine('cancel', forward), 'hostfwd_remove net0 udp:127.0.0.1:53');
});

test('after the changes there is what was desired, and nothing was opened twice', () => {
  const one = fc.record({
    protocol: fc.constantFrom('tcp' as const, 'udp' as const),
    port: fc.integer({ min: 1, max: 6 }),
    target: fc.constantFrom('127.0.0.1', '::1', '10.0.2.15'),
  });
  const set = fc.uniqueArray(one, { selector: keyOf });
  fc.assert(
    fc.property(set, set, (present, desired) => {
      const open = new Map<string, string>(present.map((forward) => [keyOf(forward), forward.target]));
      for (const { how, forward } of changesOf(present, desired)) {
        assert.equal(open.has(keyOf(forward)), how === 'cancel');
        if (how === 'cancel') open.delete(keyOf(forward));
        else open.set(keyOf(forward), forward.target);
      }
      assert.deepEqual(
        [...open].map(String).toSorted(),
        desired.map((forward) => String([keyOf(forward), forward.target])).toSorted(),
      );
    }),
  );
});

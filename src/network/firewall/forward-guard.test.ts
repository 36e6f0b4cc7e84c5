import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bridgesBefore, forwardGuardText, othersThatForward } from './forward-guard.ts';

const links = [
  { name: 'eth0', kind: '', alias: '' },
  { name: 'br0', kind: 'bridge', alias: '' },
  { name: 'lan', kind: 'bridge', alias: '' },
  { name: 'br-1', kind: 'bridge', alias: 'berth 0123abcd' },
  { name: 'odd"name*', kind: 'bridge', alias: '' },
];

test('bridges that were there before are those of nobody else: not of a daemon, not a network', () => {
  assert.deepEqual(bridgesBefore(links, new Set(['lan'])), ['br0']);
});

test('what passes is what comes from or goes to bridges that came later', () => {
  assert.match(
    forwardGuardText(4, ['br0'], true),
    /^table ip berth_forward \{\n.*elements = \{ "br0" \}.*\n.*meta iifkind "bridge" iifname != @before accept; .* drop; \}\n\}\n$/,
  );
  assert.doesNotMatch(forwardGuardText(6, [], false), /drop|elements/);
});

test('forwarding is needed by other daemons, and by bridges that came later', () => {
  const guard = 'table ip berth_forward {\n\tset before {\n\t\telements = { "br0",\n\t\t\t     "lan" }\n\t}\n}\n';
  const own = 'table ip berth_forward\ntable inet berth_0123abcd_input0\n';
  assert.deepEqual(othersThatForward(own, links.slice(0, 3), guard), []);
  assert.deepEqual(
    othersThatForward(
      `table inet berth_0123abcd\n${own}`,
      [...links.slice(0, 3), { name: 'docker0', kind: 'bridge', alias: '' }],
      guard,
    ),
    ['table berth_0123abcd', 'bridge docker0'],
  );
});

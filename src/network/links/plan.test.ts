// The plan's text for what is missing, what is wrong and what is left over; nothing to do once it is done.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Desired, type Observed, planLinks, planText } from './plan.ts';

const link = (index: number, name: string, more: object = {}): Observed['links'][number] => ({
  index,
  name,
  up: true,
  mtu: 1500,
  master: 0,
  kind: name.startsWith('bv') ? 'veth' : 'bridge',
  alias: '',
  ...more,
});
const desired: Desired = {
  mark: 'berth 1234',
  vethPrefix: 'bv12345',
  bridges: [{ name: 'br-a', mtu: 1400, mac: '02:00:00:00:00:01', addresses: ['10.0.0.1/24'], foreign: false }],
  veths: [{ name: 'bv12345aaa', bridge: 'br-a', isolated: true }],
};

test('an empty host gets everything', () => {
  assert.equal(
    planText(planLinks(desired, { links: [], addresses: [] })),
    [
      'addBridge br-a 1400 02:00:00:00:00:01  # the network has no bridge',
      'mark br-a  # a bridge of this daemon',
      'addAddress br-a 10.0.0.1/24  # the gateway is missing',
      'raise br-a  # the bridge is down',
      'attach bv12345aaa  # the container has lost its interface',
    ].join('\n'),
  );
});

test('a pair whose end is down goes up again', () => {
  const links = [link(3, 'br-a', { alias: 'berth 1234' }), link(4, 'bv12345aaa', { master: 3, up: false })];
  assert.equal(
    planText(planLinks(desired, { links, addresses: [{ link: 3, address: '10.0.0.1/24' }] })),
    "raise bv12345aaa  # the host's end of the container's pair is down",
  );
});

test('what is as it should be needs nothing', () => {
  const links = [link(3, 'br-a', { alias: 'berth 1234' }), link(4, 'bv12345aaa', { master: 3 }), link(5, 'docker0')];
  assert.equal(planText(planLinks(desired, { links, addresses: [{ link: 3, address: '10.0.0.1/24' }] })), '');
});

test('a lost address, a container off its bridge, leftovers; others are left alone', () => {
  const links = [
    link(3, 'br-a', { alias: 'berth 1234', up: false }),
    link(4, 'bv12345aaa'),
    link(5, 'bv12345bbb', { master: 3 }),
    link(6, 'bv99999ccc', { master: 3 }),
    link(7, 'br-b', { alias: 'berth 1234' }),
    link(8, 'br-c', { alias: 'berth 9999' }),
  ];
  assert.equal(
    planText(planLinks(desired, { links, addresses: [] })),
    [
      'addAddress br-a 10.0.0.1/24  # the gateway is missing',
      'raise br-a  # the bridge is down',
      'join bv12345aaa br-a true  # the container is off its bridge',
      'remove bv12345bbb  # nothing uses it',
      'remove br-b  # nothing uses it',
    ].join('\n'),
  );
});

// What an overlay network's state becomes on one host: entries, names, rules.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressText, blockText } from '../../base/address.ts';
import { balanceText, withoutSockets } from './balance.ts';
import { leftBetween } from './flows.ts';
import { meshPorts, meshText } from './mesh.ts';
import { overlayNames } from './names.ts';
import { entriesText, planEntries, remoteEntries } from './plan.ts';
import { memberMac, recordOfState } from './record.ts';
import { makeEndpoint, otherBlocks, withAddresses } from '../endpoints/endpoint.ts';
import { decode, endpointSettings } from '../../spec/docker/schemas/index.ts';
import type { OverlayMember, OverlayState } from '../../spec/berth/index.ts';

const member = (id: string, address: string, node = 'n2', more: Partial<OverlayMember> = {}): OverlayMember => ({
  id,
  node,
  host: `10.77.0.${node.slice(1)}`,
  address,
  names: [`web.1.${id}`],
  service: 's1',
  ready: true,
  ...more,
});

const state = (members: readonly OverlayMember[], more: Partial<OverlayState> = {}): OverlayState => ({
  id: '1abcdefghijklmnopqrstuvwx',
  name: 'front',
  created: '2026-01-01T00:00:00Z',
  vni: 4097,
  port: 4789,
  subnet: '10.0.1.0/24',
  gateway: '10.0.1.1',
  internal: false,
  attachable: false,
  ingress: false,
  options: {},
  labels: {},
  active: true,
  members,
  services: [{ id: 's1', names: ['web', 'alias'], address: '10.0.1.2', ports: [] }],
  ...more,
});

const nothing = {
  hosts: new Map<string, string[]>(),
  bridged: new Set<string>(),
  neighbours: new Map<string, string>(),
};

test('for each container elsewhere there is an entry, and for those of this host none', () => {
  const wanted = remoteEntries(state([member('a', '10.0.1.3', 'n1'), member('b', '10.0.1.4')]), 'n1');
  assert.equal(
    entriesText(planEntries(wanted, nothing, new Set(['10.0.1.3']))),
    [
      'addForwarding 02:42:0a:00:01:04 10.77.0.2  # 10.0.1.4 is there',
      'addNeighbour 10.0.1.4 02:42:0a:00:01:04  # 10.0.1.4 is at 10.77.0.2',
    ].join('\n'),
  );
});

test('fault N52: who has moved is led to the new host, who has gone is forgotten, and what is right stays', () => {
  const observed = {
    hosts: new Map([
      ['02:42:0a:00:01:04', ['10.77.0.9']],
      ['02:42:0a:00:01:05', ['10.77.0.2']],
      ['02:42:0a:00:01:06', ['10.77.0.2']],
    ]),
    bridged: new Set(['02:42:0a:00:01:04', '02:42:0a:00:01:05', '02:42:0a:00:01:06']),
    neighbours: new Map([
      ['10.0.1.3', '02:42:0a:00:01:03'],
      ['10.0.1.4', '02:42:0a:00:01:04'],
      ['10.0.1.5', '02:42:0a:00:01:05'],
      ['10.0.1.6', '02:42:0a:00:01:06'],
    ]),
  };
  const wanted = remoteEntries(state([member('b', '10.0.1.4'), member('c', '10.0.1.5')]), 'n1');
  assert.equal(
    entriesText(planEntries(wanted, observed, new Set(['10.0.1.3']))),
    [
      'removeForwarding 02:42:0a:00:01:06 10.77.0.2  # nobody has this address there',
      'removeNeighbour 10.0.1.6  # nobody has it any more',
      'addForwarding 02:42:0a:00:01:04 10.77.0.2  # it was at 10.77.0.9',
    ].join('\n'),
  );
});

test('names: each task alone, the service by its address, tasks together; only those that take connections', () => {
  const names = overlayNames(state([member('a', '10.0.1.3'), member('b', '10.0.1.4', 'n2', { ready: false })]));
  assert.deepEqual(
    names.map((one) => `${one.names.join(' ')}: ${one.addresses.map(addressText).join(' ')}`),
    ['web.1.a: 10.0.1.3', 'web alias: 10.0.1.2', 'tasks.web tasks.alias: 10.0.1.3'],
  );
});

test('without a virtual address the service’s name is answered with its tasks', () => {
  const services = [{ id: 's1', names: ['web'], ports: [] }];
  const names = overlayNames(state([member('a', '10.0.1.3'), member('b', '10.0.1.4')], { services }));
  const web = names.find((one) => one.names.includes('web'));
  assert.deepEqual(web?.addresses.map(addressText), ['10.0.1.3', '10.0.1.4']);
});

test('a virtual address takes turns over tasks, and leads nowhere where there are none', () => {
  const text = balanceText([state([member('a', '10.0.1.3'), member('b', '10.0.1.4')])]);
  assert.match(text, /elements = \{ 10\.0\.1\.2 : goto to0 \}/);
  assert.match(
    text,
    /chain to0 \{\n {4}dnat ip to numgen inc mod 2 map \{ 0 : 10\.0\.1\.3, 1 : 10\.0\.1\.4 \}\n {4}drop\n/,
  );
  assert.match(balanceText([state([])]), /chain to0 \{\n {4}drop\n/);
  assert.doesNotMatch(balanceText([state([], { services: [] })]), /chain/);
});

test('IPv6: entries, names and virtual addresses are those of both families', () => {
  const dual = state(
    [
      member('a', '10.0.1.3', 'n2', { address6: 'fd00::3' }),
      member('b', '10.0.1.4', 'n2', { address6: 'fd00::4' }),
      member('c', '10.0.1.5', 'n2', { address6: 'fd00::5', ready: false }),
    ],
    {
      others: [
        { subnet: '10.0.9.0/24', gateway: '10.0.9.1' },
        { subnet: 'fd00::/64', gateway: 'fd00::1' },
      ],
      services: [{ id: 's1', names: ['web'], address: '10.0.1.2', address6: 'fd00::2', ports: [] }],
    },
  );
  const steps = entriesText(planEntries(remoteEntries(dual, 'n1').slice(0, 1), nothing, new Set()));
  assert.equal(
    steps,
    [
      'addForwarding 02:42:0a:00:01:03 10.77.0.2  # 10.0.1.3 is there',
      'addNeighbour 10.0.1.3 02:42:0a:00:01:03  # 10.0.1.3 is at 10.77.0.2',
      'addNeighbour fd00::3 02:42:0a:00:01:03  # fd00::3 is at 10.77.0.2',
    ].join('\n'),
  );
  const names = new Map(overlayNames(dual).map((one) => [one.names[0], one.addresses.map(addressText)]));
  assert.deepEqual(names.get('web'), ['10.0.1.2', 'fd00::2']);
  assert.deepEqual(names.get('tasks.web'), ['10.0.1.3', '10.0.1.4', 'fd00::3', 'fd00::4']);
  const text = balanceText([dual]);
  assert.match(text, /type ipv6_addr : verdict\n {4}elements = \{ fd00::2 : goto to0_6 \}/);
  assert.match(text, /chain to0_6 \{\n {4}dnat ip6 to numgen inc mod 2 map \{ 0 : fd00::3, 1 : fd00::4 \}\n {4}drop\n/);
  const record = recordOfState(dual, { node: 'n1', pathMtu: 1500 });
  assert.deepEqual([record.ipv6, record.givenSubnets], [true, ['10.0.1.0/24', '10.0.9.0/24', 'fd00::/64']]);
  assert.deepEqual(leftBetween(dual, state([])).gone, [
    '10.0.1.3',
    'fd00::3',
    '10.0.1.4',
    'fd00::4',
    '10.0.1.5',
    'fd00::5',
  ]);
});

test('a container of a network with several subnets has an address of each family, and a way to the other blocks', () => {
  const network = recordOfState(
    state([], {
      others: [
        { subnet: '10.0.9.0/24', gateway: '10.0.9.1' },
        { subnet: 'fd00::/64', gateway: 'fd00::1' },
      ],
    }),
    { node: 'n1', pathMtu: 1500 },
  );
  const settings = withAddresses(decode(endpointSettings, {}), { address: '10.0.9.7', address6: 'fd00::7' });
  const used = {
    addresses: new Set<bigint>(),
    kept: new Set<bigint>(),
    macs: new Set<string>(),
    keptMacs: new Set<string>(),
  };
  const endpoint = makeEndpoint(network, { id: 'e', settings, mac: '', names: [] }, used);
  assert.deepEqual(endpoint.addresses.map(blockText), ['10.0.9.7/24', 'fd00::7/64']);
  assert.deepEqual(otherBlocks(endpoint).map(blockText), ['10.0.1.0/24']);
  assert.equal(endpoint.mac, memberMac('10.0.9.7'));
  assert.deepEqual(endpoint.gateways, []);
});

test('a published port leads to tasks of the service, its source as it was', () => {
  const services = [{ id: 's1', names: ['web'], ports: [{ protocol: 'tcp' as const, published: 8080, target: 80 }] }];
  const ingress = state(
    [member('a', '10.0.1.3'), member('n1', '10.0.1.9', 'n1', { isNode: true, names: [], service: 'none' })],
    {
      ingress: true,
      services,
    },
  );
  const text = meshText('t', 'br-x', meshPorts(ingress));
  assert.match(text, /tcp \. 8080 : goto to0/);
  assert.match(text, /meta l4proto tcp dnat ip to 10\.0\.1\.3:80\n {4}drop/);
  assert.doesNotMatch(text, /(?<!127\.0\.0\.0\/8 )masquerade/);
  assert.match(balanceText([ingress]), /elements = \{ 02:42:0a:00:01:09 : 1651638281 \}/);
  const answering = 'meta l4proto udp ct mark & 0xffff0000 == 1651638272 socket wildcard 1 dnat ip to 172.18.0.3';
  const whole = balanceText([ingress], '172.18.0.3');
  assert.ok(whole.includes(answering), whole);
  assert.ok(withoutSockets(whole).includes(answering.replace(' socket wildcard 1', '')));
});

test('fault N52: packets are as much smaller as VXLAN takes', () => {
  const record = recordOfState(state([]), { node: 'n1', pathMtu: 1500 });
  assert.equal(record.overlay?.mtu, 1450);
  const own = recordOfState(state([], { options: { 'com.docker.network.driver.mtu': '1300' } }), {
    node: 'n1',
    pathMtu: 1500,
  });
  assert.equal(own.overlay?.mtu, 1300);
});

test('connections are forgotten to who has gone, and to who is not ready those that were not answered', () => {
  const before = state([member('a', '10.0.1.3'), member('b', '10.0.1.4'), member('c', '10.0.1.5')]);
  const after = state([member('a', '10.0.1.3'), member('b', '10.0.1.4', 'n2', { ready: false })]);
  assert.deepEqual(leftBetween(before, after), { gone: ['10.0.1.5'], unready: ['10.0.1.4'] });
  assert.deepEqual(leftBetween(after, state([])), { gone: ['10.0.1.3', '10.0.1.4'], unready: [] });
  assert.deepEqual(leftBetween(undefined, before), { gone: [], unready: [] });
});

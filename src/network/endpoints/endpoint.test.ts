import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressText, blockText } from '../../base/address.ts';
import type { NetworkRecord } from '../model/record.ts';
import { type Endpoint, endpointFrom, filled, makeEndpoint, otherBlocks } from './endpoint.ts';

const network: NetworkRecord = {
  id: 'ab'.repeat(32),
  name: 'n',
  driver: 'macvlan',
  created: '',
  ipv4: true,
  ipv6: true,
  ipamDriver: 'default',
  ipamOptions: null,
  ipam: [
    { Subnet: '10.1.0.0/24', Gateway: '10.1.0.254' },
    { Subnet: '10.2.0.0/24', Gateway: '10.2.0.254' },
    { Subnet: 'fd01::/64', Gateway: 'fd01::fe' },
    { Subnet: 'fd02::/64', Gateway: 'fd02::fe' },
  ],
  givenSubnets: [],
  internal: false,
  attachable: false,
  ingress: false,
  configOnly: false,
  configFrom: '',
  options: { parent: 'eth0' },
  labels: {},
  bridge: '',
  foreignBridge: false,
};
const used = {
  addresses: new Set<bigint>(),
  kept: new Set<bigint>(),
  macs: new Set<string>(),
  keptMacs: new Set<string>(),
};
type Settings = Parameters<typeof makeEndpoint>[1]['settings'];
const make = (IPv4Address: string, IPv6Address: string, on = network): Endpoint => {
  const settings = { IPAMConfig: { IPv4Address, IPv6Address }, GwPriority: 0 } as Settings;
  return makeEndpoint(on, { id: 'e', settings, mac: '', names: [] }, used);
};

test('with an address in the second subnet the way out is by the gateway of that one', () => {
  const endpoint = make('10.2.0.7', 'fd02::7');
  assert.deepEqual(endpoint.gateways.map(addressText), ['10.2.0.254', 'fd02::fe']);
  assert.deepEqual(make('', '').gateways.map(addressText), ['10.1.0.254', 'fd01::fe']);
  // what is in the other subnets is beyond the gateway
  assert.deepEqual(otherBlocks(endpoint).map(blockText), []);
  const settings = filled({ DriverOpts: null, Links: null, IPAMConfig: null, GwPriority: 0 } as Settings, endpoint);
  assert.deepEqual(endpointFrom(network, settings).gateways, endpoint.gateways);
});

test('an internal network has no way out', () => {
  assert.deepEqual(make('10.2.0.7', '', { ...network, internal: true }).gateways, []);
});

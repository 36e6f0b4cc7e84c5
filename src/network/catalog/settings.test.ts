// What a daemon's settings become, what of them is refused, and the default network that follows from them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockText, parseBlock } from '../../base/address.ts';
import { predefined } from './predefined.ts';
import type { NetworkRecord } from '../model/record.ts';
import { onGivenBridge, readSettings, type SettingsInput } from './settings.ts';

const nothing: SettingsInput = {
  addressPools: [],
  defaultOptions: [],
  bridge: '',
  bip: '',
  bip6: '',
  fixedCidr: '',
  fixedCidr6: '',
  gateway: '',
  gateway6: '',
  hostGateways: [],
  icc: true,
  ip: '0.0.0.0',
  forwarding: true,
  forwardingDrops: true,
  masquerade: true,
  ipv6: false,
  mtu: 0,
  publishPolicy: 'open',
};
const bridge = (input: Partial<SettingsInput>, before?: NetworkRecord): NetworkRecord =>
  predefined({
    name: 'bridge',
    id: 'b'.repeat(64),
    created: '2026-01-01T00:00:00Z',
    bridge: 'berth0-0000',
    uplinkMtu: 1400,
    settings: readSettings({ ...nothing, ...input }),
    taken: { networks: [], host: [] },
    random: 1n,
    ...(before ? { before } : {}),
  });

test('nothing said: slices of 254 addresses, the MTU of the way out', () => {
  const record = bridge({});
  assert.deepEqual(record.ipam, [{ Subnet: '172.17.0.0/24', Gateway: '172.17.0.1' }]);
  assert.equal(record.options['com.docker.network.driver.mtu'], '1400');
});

test('pools of a person come instead of the own ones of that family', () => {
  const { pools } = readSettings({ ...nothing, addressPools: ['base=10.5.0.0/16,size=26'] });
  assert.deepEqual(
    pools.map(({ base, size }) => `${blockText(base)} ${size}`),
    ['10.5.0.0/16 26'],
  );
  const { defaults } = readSettings({ ...nothing, defaultOptions: ['bridge=a=b=c'] });
  assert.deepEqual(defaults, { bridge: { a: 'b=c' } });
});

test('the default bridge as asked', () => {
  const record = bridge({
    bip: '192.168.5.1/24',
    fixedCidr: '192.168.5.128/25',
    gateway: '192.168.5.9',
    ipv6: true,
    fixedCidr6: 'fd00:5::/64',
    icc: false,
    masquerade: false,
    ip: '127.0.0.1',
    mtu: 1300,
  });
  assert.deepEqual(record.ipam, [
    {
      Subnet: '192.168.5.0/24',
      IPRange: '192.168.5.128/25',
      Gateway: '192.168.5.1',
      AuxiliaryAddresses: { DefaultGatewayIPv4: '192.168.5.9' },
    },
    { Subnet: 'fd00:5::/64', IPRange: 'fd00:5::/64', Gateway: 'fd00:5::1' },
  ]);
  assert.deepEqual(record.options, {
    'com.docker.network.bridge.default_bridge': 'true',
    'com.docker.network.bridge.enable_icc': 'false',
    'com.docker.network.bridge.enable_ip_masquerade': 'false',
    'com.docker.network.bridge.host_binding_ipv4': '127.0.0.1',
    'com.docker.network.bridge.name': 'berth0-0000',
    'com.docker.network.driver.mtu': '1300',
  });
});

test('what was chosen once stays until somebody says otherwise', () => {
  const first = { ...bridge({ ipv6: true }), ipam: [{ Subnet: '172.30.7.0/24', Gateway: '172.30.7.1' }] };
  assert.deepEqual(bridge({}, first).ipam, first.ipam);
  assert.deepEqual(bridge({ bip: '10.1.1.1/24' }, first).ipam, [{ Subnet: '10.1.1.0/24', Gateway: '10.1.1.1' }]);
});

test('nonsense is refused', () => {
  const bad = (input: Partial<SettingsInput>, words: RegExp): void =>
    assert.throws(() => readSettings({ ...nothing, ...input }), words);
  bad({ bip: '10.0.0.1' }, /invalid CIDR address: 10\.0\.0\.1/);
  bad({ bip: 'fd00::1/64' }, /invalid CIDR address/);
  bad({ bip: '10.0.0.1/24', fixedCidr: '10.0.1.0/25' }, /does not contain/);
  bad({ bip: '10.0.0.1/24', gateway: '10.1.0.1' }, /is not in the default bridge's subnet/);
  bad({ addressPools: ['base=10.0.0.0/8'] }, /size is no number/);
  bad({ addressPools: ['base=10.0.0.0/8,size=4'] }, /size must be between 8/);
  bad({ addressPools: ['base=10.0.0.0,size=24'] }, /base is no CIDR block/);
  bad({ addressPools: ['base=10.0.0.0/8,size=24,x=1'] }, /unexpected key 'x'/);
  bad({ defaultOptions: ['bridge=x'] }, /driver=key=value/);
  bad({ hostGateways: ['10.0.0.1,10.0.0.2'] }, /only one IPv4 host gateway/);
  bad({ ip: 'x' }, /invalid IP address/);
  bad({ mtu: -1 }, /invalid MTU/);
});

test('on a bridge of somebody else the network is around its address', () => {
  const blocks = ['10.1.0.9/16', '10.2.0.9/16', 'fe80::1/64'].flatMap((text) => parseBlock(text) ?? []);
  const given = (input: Partial<SettingsInput>) =>
    onGivenBridge(readSettings({ ...nothing, bridge: 'br0', ...input }), (name) =>
      name === 'br0' ? blocks : undefined,
    );
  const ipam = (input: Partial<SettingsInput>) =>
    predefined({
      name: 'bridge',
      id: 'b'.repeat(64),
      created: '2026-01-01T00:00:00Z',
      bridge: 'br0',
      uplinkMtu: 1400,
      settings: given(input),
      taken: { networks: [], host: [] },
      random: 1n,
    }).ipam;
  assert.deepEqual(ipam({}), [{ Subnet: '10.1.0.0/16', Gateway: '10.1.0.9' }]);
  assert.deepEqual(ipam({ fixedCidr: '10.2.3.0/24' }), [
    { Subnet: '10.2.0.0/16', IPRange: '10.2.3.0/24', Gateway: '10.2.0.9' },
  ]);
  assert.deepEqual(ipam({ fixedCidr: '10.0.0.0/8' }), [{ Subnet: '10.1.0.0/16', Gateway: '10.1.0.9' }]);
  assert.throws(() => given({ bridge: 'br1' }), /br1 must be created manually/);
  assert.throws(() => given({ bip: '10.1.0.1/16' }), /mutually exclusive/);
  const { driver, ipam: nowhere } = bridge({ bridge: 'none' });
  assert.deepEqual([driver, nowhere], ['null', null]);
});

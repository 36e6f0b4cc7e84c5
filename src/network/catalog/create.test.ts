// What a create body becomes, and what is refused with which words.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode, networkCreate } from '../../spec/docker/schemas/index.ts';
import { driverNamed } from '../drivers/index.ts';
import { type CreateFacts, recordOf } from './create.ts';
import { DEFAULT_POOLS } from '../ipam/ipam.ts';
import type { NetworkRecord } from '../model/record.ts';

const id = 'ab'.repeat(32);
const facts = (networks: readonly NetworkRecord[] = []): CreateFacts => ({
  id,
  created: '2026-01-01T00:00:00Z',
  pools: DEFAULT_POOLS,
  defaults: {},
  taken: { networks: [], host: [] },
  networks,
  linkExists: () => false,
  driverNamed,
  random: 0x0102030405060708n,
});
const make = (body: object, networks?: readonly NetworkRecord[]): NetworkRecord =>
  recordOf(decode(networkCreate, { Name: 'n', ...body }), facts(networks));
const config = (...configs: object[]): object => ({ IPAM: { Config: configs } });

describe('create', () => {
  test('a default of the daemon is no option of a network that says otherwise', () => {
    const on = { 'com.docker.network.enable_ipv6': 'true' };
    const made = (body: object) =>
      recordOf(decode(networkCreate, { Name: 'n', ...body }), { ...facts(), defaults: { bridge: on } });
    assert.deepEqual([made({}).ipv6, made({}).options], [true, on]);
    assert.deepEqual([made({ EnableIPv6: false }).ipv6, made({ EnableIPv6: false }).options], [false, {}]);
  });

  test('a name alone is a bridge with a subnet of the pools', () => {
    const record = make({});
    assert.equal(record.driver, 'bridge');
    assert.equal(record.bridge, 'br-abababababab');
    assert.deepEqual(record.ipam, [{ Subnet: '172.17.0.0/24', Gateway: '172.17.0.1' }]);
  });

  test('wishes are kept, a gateway that nobody named is not shown, as dockerd has it', () => {
    const request = { Subnet: '10.5.0.0/24', IPRange: '10.5.0.128/28', AuxiliaryAddresses: { a: '10.5.0.129' } };
    assert.deepEqual(make(config({ ...request, Gateway: '10.5.0.77' })).ipam, [{ ...request, Gateway: '10.5.0.77' }]);
    assert.deepEqual(make(config({ Subnet: '10.5.0.0/24' })).ipam, [{ Subnet: '10.5.0.0/24' }]);
  });

  test('IPv6 gets a subnet of its own, and a given one is shown only where it is used', () => {
    assert.deepEqual(make({ EnableIPv6: true }).ipam?.[1], {
      Subnet: 'fd02:304:506:708::/64',
      Gateway: 'fd02:304:506:708::1',
    });
    const two = { IPAM: { Config: [{ Subnet: 'fd00:1::/64' }, { Subnet: '10.5.0.0/24' }] } };
    for (const ConfigOnly of [false, true])
      assert.deepEqual(make({ EnableIPv6: true, ConfigOnly, ...two }).ipam, two.IPAM.Config.toReversed());
    assert.deepEqual(make(config({ Subnet: 'fd00:1::/64' })).ipam, [
      { Subnet: 'fd00:1::/64' },
      { Subnet: '172.17.0.0/24', Gateway: '172.17.0.1' },
    ]);
  });

  test('refusals', () => {
    const cases: [object, string, string][] = [
      [{ Name: 'bridge' }, 'forbidden', 'operation is not permitted on predefined bridge network '],
      [{ Name: ' ' }, 'invalid', 'invalid name: name is empty'],
      [{ Driver: 'host' }, 'forbidden', 'only one instance of "host" network is allowed'],
      [{ Driver: 'nope' }, 'notFound', 'could not find plugin nope in v1 plugin registry: plugin not found'],
      [{ IPAM: { Driver: 'nope' } }, 'invalid', 'invalid ipam driver: "nope"'],
      [{ EnableIPv4: false }, 'invalid', 'IPv4 or IPv6 must be enabled'],
      [{ Options: { 'com.docker.network.driver.mtu': '-5' } }, 'invalid', 'invalid MTU number: -5'],
      [
        { Options: { 'com.docker.network.driver.mtu': 'x' } },
        'invalid',
        'failed to parse com.docker.network.driver.mtu value: x (strconv.Atoi: parsing "x": invalid syntax)',
      ],
      [
        config({ Subnet: '10.1.0.0/24' }, { Subnet: '10.2.0.0/24' }),
        'forbidden',
        "bridge driver doesn't support multiple subnets",
      ],
      [
        config({ Subnet: '10.44.0.0/24', Gateway: '10.44.0.0' }),
        'forbidden',
        'failed to allocate gateway (10.44.0.0): Address already in use',
      ],
      [
        config({ Subnet: '10.1.2.3/24', IPRange: '10.2.0.0/16', Gateway: '10.9.0.1', AuxiliaryAddresses: { a: 'x' } }),
        'invalid',
        "invalid network config:\n* invalid subnet 10.1.2.3/24: it should be 10.1.2.0/24\n* invalid ip-range 10.2.0.0/16: CIDR block is bigger than its parent subnet 10.1.2.3/24\n* invalid ip-range 10.2.0.0/16: parent subnet 10.1.2.3/24 doesn't contain ip-range\n* invalid gateway 10.9.0.1: parent subnet 10.1.2.3/24 doesn't contain this address\n* invalid auxiliary address a: invalid address",
      ],
      [
        config({ Gateway: '10.1.1.1' }),
        'invalid',
        'invalid network config:\ninvalid subnet : invalid CIDR block notation',
      ],
      ...[
        { Subnet: '10.99.3.0/24', AuxiliaryAddresses: { a: '10.99.3.1' } },
        { Subnet: '10.99.3.0/24', Gateway: '10.99.3.5', AuxiliaryAddresses: { a: '10.99.3.5' } },
        { Subnet: '10.99.3.0/24', IPRange: '10.99.3.128/25', AuxiliaryAddresses: { a: '10.99.3.128' } },
        { Subnet: '10.99.3.0/24', AuxiliaryAddresses: { a: '10.99.3.255' } },
        { Subnet: '10.99.3.0/24', AuxiliaryAddresses: { b: '10.99.3.9', a: '10.99.3.9' } },
      ].map((one): [object, string, string] => [
        config(one),
        'internal',
        `failed to allocate secondary ip address (a:${one.AuxiliaryAddresses.a}): Address already in use`,
      ]),
      [
        { EnableIPv6: true, Options: { 'com.docker.network.driver.mtu': '1250' } },
        'invalid',
        'invalid MTU number: 1250: a network with IPv6 needs at least 1280',
      ],
      [{ ConfigFrom: { Network: 'nope' } }, 'notFound', 'configuration network "nope" does not exist'],
    ];
    for (const [body, kind, message] of cases) assert.throws(() => make(body), { kind, message }, JSON.stringify(body));
  });

  test('one bridge name, one network', () => {
    const body = { Options: { 'com.docker.network.bridge.name': 'b0' } };
    const first = { ...make(body), id: 'cd'.repeat(32) };
    assert.throws(() => make(body, [first]), {
      message: `cannot create network ${id} (b0): conflicts with network ${first.id} (b0): networks have same bridge name`,
    });
  });

  test('a configuration is lent', () => {
    const owner = make({ Name: 'c', ConfigOnly: true, Labels: { a: 'b' }, ...config({ Subnet: '10.7.0.0/24' }) });
    const record = make({ ConfigFrom: { Network: 'c' } }, [owner]);
    assert.deepEqual([record.labels, record.configFrom, record.ipam], [{ a: 'b' }, 'c', [{ Subnet: '10.7.0.0/24' }]]);
  });
});

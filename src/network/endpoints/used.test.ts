import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Endpoint, makeEndpoint } from './endpoint.ts';
import { bridgeMac } from '../model/names.ts';
import type { GivenAddresses } from './ports.ts';
import type { NetworkRecord } from '../model/record.ts';
import { macText, usedOn } from './used.ts';

const network: NetworkRecord = {
  id: 'ab'.repeat(32),
  name: 'n',
  driver: 'bridge',
  created: '',
  ipv4: true,
  ipv6: false,
  ipamDriver: 'default',
  ipamOptions: null,
  ipam: [{ Subnet: '10.1.2.0/29', Gateway: '10.1.2.1' }],
  givenSubnets: ['10.1.2.0/29'],
  internal: false,
  attachable: false,
  ingress: false,
  configOnly: false,
  configFrom: '',
  options: {},
  labels: {},
  bridge: 'br-x',
  foreignBridge: false,
};

interface Request {
  readonly mac?: string;
  readonly ip?: string;
}

function make(request: Request, endpoints: readonly Endpoint[], given: readonly GivenAddresses[] = []): Endpoint {
  const settings = {
    IPAMConfig: request.ip === undefined ? null : { IPv4Address: request.ip },
    GwPriority: 0,
  } as Parameters<typeof makeEndpoint>[1]['settings'];
  return makeEndpoint(
    network,
    { id: 'e', settings, mac: request.mac ?? '', names: [] },
    usedOn(network, { endpoints, given }),
  );
}

test('users E5: a MAC address that goes with an address is another one when somebody has it', () => {
  const plain = make({}, []);
  assert.equal(plain.mac, '02:42:0a:01:02:02');
  // B came back with the MAC address of its former address, and has another address now
  const given = make({ mac: '02-42-0A-01-02-03' }, []);
  assert.equal(given.mac, '02:42:0a:01:02:03');
  const next = make({ ip: '10.1.2.3' }, [given]);
  assert.notEqual(next.mac, given.mac);
  assert.match(next.mac, /^02:42:/);
  // kept for one that is stopped
  const kept = make({}, [], [{ containerId: 'c', addresses: [], mac: '02:42:0a:01:02:02' }]);
  assert.notEqual(kept.mac, '02:42:0a:01:02:02');
});

test('users E5: one MAC address twice on a network is refused, also that of its bridge', () => {
  const first = make({ mac: '02:00:00:00:00:01' }, []);
  for (const mac of ['02:00:00:00:00:01', '0200.0000.0001', bridgeMac(network.id)])
    assert.throws(() => make({ mac }, [first]), {
      kind: 'forbidden',
      message: `MAC address ${macText(mac)} is already in use on network n`,
    });
  const elsewhere = { ...first, network: { ...network, id: 'cd'.repeat(32) } };
  assert.equal(make({ mac: first.mac }, [elsewhere]).mac, first.mac);
});

test('users E5: macvlan networks over one link are one wire', () => {
  const over = (id: string, parent: string): NetworkRecord => ({
    ...network,
    id: id.repeat(64),
    driver: 'macvlan',
    options: { parent },
  });
  const first = { ...make({ mac: '02:00:00:00:00:01' }, []), network: over('1', 'eth0') };
  const macs = (record: NetworkRecord): string[] => [...usedOn(record, { endpoints: [first], given: [] }).macs];
  assert.deepEqual([macs(over('2', 'eth0')), macs(over('3', 'eth1'))], [['02:00:00:00:00:01'], []]);
});

test('users E15: the address of a container that is stopped is given to who asks for it, not to who asks for any', () => {
  const stopped = [{ containerId: 'c', addresses: ['10.1.2.2'], mac: '' }];
  const addressOf = ({ addresses }: Endpoint): bigint => (addresses[0]?.value ?? 0n) & 0xffn;
  assert.equal(addressOf(make({}, [], stopped)), 3n);
  assert.equal(addressOf(make({ ip: '10.1.2.2' }, [], stopped)), 2n);
});

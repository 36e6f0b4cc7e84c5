// Numbers, blocks and addresses of the cluster's networks, and what nodes are told of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockText, parseBlock } from '../../base/address.ts';
import type { ClusterNetwork } from '../model/network.ts';
import type { ClusterNode, Service, Task } from '../model/objects.ts';
import { Allocator } from './allocate.ts';
import { Drains } from './drain.ts';
import { AddressPool, freeBlock } from './pool.ts';
import { planNetworks } from './states.ts';

const block = (text: string) => {
  const parsed = parseBlock(text);
  assert.ok(parsed);
  return parsed;
};

const network = (id: string, subnet: string, ingress = false): ClusterNetwork =>
  ({
    ID: id,
    CreatedAt: '',
    Spec: { Name: id, Labels: {}, Internal: false, Attachable: false, Ingress: ingress, Options: {} },
    Vni: 4097,
    Subnets: [{ Subnet: subnet, Gateway: subnet.replace('0/24', '1') }],
  }) as unknown as ClusterNetwork;

const task = (id: string, more: Partial<Task> = {}): Task =>
  ({
    ID: id,
    ServiceID: 's',
    NodeID: 'n1',
    Slot: 1,
    Spec: { Networks: [{ Target: 'a' }] },
    Status: { State: 'running' },
    DesiredState: 'running',
    Annotations: { Name: 'web' },
    ...more,
  }) as unknown as Task;

const allocator = (
  tasks: readonly Task[],
  services: readonly Service[] = [],
  one = network('a', '10.0.1.0/24'),
): Allocator =>
  new Allocator({
    networks: new Map([
      ['a', one],
      ['i', network('i', '10.0.0.0/24', true)],
    ]),
    services: new Map(services.map((one) => [one.ID, one])),
    tasks: new Map(tasks.map((one) => [one.ID, one])),
    nodes: new Map<string, ClusterNode>(),
    attachments: [],
    last: new Map(),
  });

test('the first block that overlaps nothing is chosen', () => {
  const free = (taken: readonly string[]) => freeBlock([block('10.0.0.0/8')], 24, taken.map(block));
  assert.equal(blockText(free([]) ?? block('0.0.0.0/0')), '10.0.0.0/24');
  assert.equal(blockText(free(['10.0.0.0/24', '10.0.1.128/25']) ?? block('0.0.0.0/0')), '10.0.2.0/24');
  assert.equal(freeBlock([block('10.0.0.0/24')], 24, [block('10.0.0.0/16')]), undefined);
});

test('addresses go round, so that one that was let go is given again late', () => {
  const pool = new AddressPool(block('10.0.0.0/29'), [167772161n], undefined);
  assert.deepEqual([pool.take(), pool.take()], ['10.0.0.2/29', '10.0.0.3/29']);
  const later = new AddressPool(block('10.0.0.0/29'), [167772161n], pool.last);
  assert.deepEqual(
    [later.take(), later.take(), later.take(), later.take(), later.take(), later.take()],
    ['10.0.0.4/29', '10.0.0.5/29', '10.0.0.6/29', '10.0.0.2/29', '10.0.0.3/29', undefined],
  );
});

test('a task has an address on each of its networks, and one on the ingress network where it publishes', () => {
  const published = task('t', { Endpoint: { Ports: [{ TargetPort: 80, PublishedPort: 8080 }] } });
  assert.deepEqual(allocator([published]).addressesOf(published).addresses, [
    { NetworkID: 'i', Addr: '10.0.0.2/24' },
    { NetworkID: 'a', Addr: '10.0.1.2/24' },
  ]);
  const held = task('u', { Addresses: [{ NetworkID: 'a', Addr: '10.0.1.2/24' }] });
  const next = task('v');
  assert.equal(allocator([held, next]).addressesOf(next).addresses?.[0]?.Addr, '10.0.1.3/24');
});

test('a network with IPv6 gives both addresses, and of several subnets the first that has one left', () => {
  const dual = {
    ...network('a', '10.0.1.0/24'),
    Subnets: [
      { Subnet: '10.0.1.0/30', Gateway: '10.0.1.1' },
      { Subnet: '10.0.2.0/24', Gateway: '10.0.2.1' },
      { Subnet: 'fd00::/64', Gateway: 'fd00::1' },
    ],
  };
  const made = allocator([], [], dual);
  assert.deepEqual(made.take('a'), { NetworkID: 'a', Addr: '10.0.1.2/30', Addr6: 'fd00::2/64' });
  assert.deepEqual(made.take('a'), { NetworkID: 'a', Addr: '10.0.2.2/24', Addr6: 'fd00::3/64' });
  assert.deepEqual(made.take('a', { address: '10.0.2.9', address6: 'fd00:0::9' }), {
    NetworkID: 'a',
    Addr: '10.0.2.9/24',
    Addr6: 'fd00::9/64',
  });
  for (const wanted of [
    { address: '10.0.2.9' },
    { address: '10.0.3.1' },
    { address6: 'fd00::9' },
    { address6: 'fd01::5' },
  ])
    assert.equal(made.take('a', wanted), undefined, JSON.stringify(wanted));
  const held = allocator(
    [task('t', { Addresses: [{ NetworkID: 'a', Addr: '10.0.2.2/24', Addr6: 'fd00::2/64' }] })],
    [],
    dual,
  );
  assert.equal(held.take('a', { address6: 'fd00::2' }), undefined);
  assert.equal(allocator([]).take('a', { address6: 'fd00::2' }), undefined);
});

test('a port that nobody chose is free, and stays', () => {
  const service = (id: string, Endpoint: object): Service =>
    ({
      ID: id,
      Spec: { Name: id, TaskTemplate: {}, EndpointSpec: { Ports: [{ TargetPort: 80, Protocol: 'tcp' }] } },
      Endpoint,
    }) as unknown as Service;
  const first = service('x', { Ports: [{ TargetPort: 80, Protocol: 'tcp', PublishedPort: 30_000 }] });
  const second = service('y', {});
  const made = allocator([], [first, second]);
  assert.equal(made.endpointOf(second)?.Ports?.[0]?.PublishedPort, 30_001);
  assert.equal(made.endpointOf(first)?.Ports?.[0]?.PublishedPort, 30_000);
});

test('who is told to stop, or is on a node that is down, takes no new connections', () => {
  const Addresses = [{ NetworkID: 'a', Addr: '10.0.1.3/24' }];
  const node = (State: string): ClusterNode =>
    ({ ID: 'n1', Status: { State, Addr: '10.77.0.1' } }) as unknown as ClusterNode;
  const ready = (one: Task, state = 'ready'): boolean | undefined =>
    planNetworks({
      networks: [network('a', '10.0.1.0/24')],
      services: [],
      tasks: [one],
      nodes: [node(state)],
      attachments: [],
      dataPathPort: 4789,
    })[0]?.state.members[0]?.ready;
  assert.equal(ready(task('t', { Addresses })), true);
  assert.equal(ready(task('t', { Addresses, DesiredState: 'shutdown' })), false);
  assert.equal(ready(task('t', { Addresses }), 'down'), false);
  assert.equal(ready(task('t', { Addresses, Status: { Timestamp: '', State: 'starting' } })), false);
  assert.equal(ready(task('t', { Addresses, Status: { Timestamp: '', State: 'shutdown' } })), undefined);
});

test('a stop waits until every node has said that it knows', () => {
  const released: string[] = [];
  const drains = new Drains((id) => released.push(id));
  drains.begin(
    't',
    new Map([
      ['n1', 3],
      ['n2', 5],
    ]),
  );
  assert.equal(drains.isHeld('t'), true);
  drains.acknowledged('n1', 4);
  drains.acknowledged('n2', 4);
  assert.deepEqual([drains.isHeld('t'), released], [true, []]);
  drains.lost('n2');
  assert.deepEqual([drains.isHeld('t'), released], [false, ['t']]);
  drains.begin('t', new Map([['n1', 9]]));
  assert.equal(drains.isHeld('t'), false);
  drains.close();
});

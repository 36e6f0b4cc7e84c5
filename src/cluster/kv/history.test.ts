import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyValueChange, KeyValueEntry } from '../../spec/berth/index.ts';
import type { ClusterNetwork } from '../model/network.ts';
import type { ClusterNode, Service, Task } from '../model/objects.ts';
import { History } from './history.ts';
import { registeredEntry, registryChanges, registryOf } from './registry.ts';

const put = (Key: string, Revision: number, Value = ''): KeyValueChange => ({ Kind: 'put', Key, Value, Revision });
const keysOf = (changes: readonly KeyValueChange[] | undefined): string[] | undefined => changes?.map(({ Key }) => Key);

test('changes since a revision are known from where the history begins, and from nowhere before', () => {
  const history = new History({ changes: 3, bytes: 1000 });
  assert.equal(history.since(9, ''), undefined);
  history.add([put('lost', 2)], 2);
  history.restart(10);
  assert.equal(history.since(9, ''), undefined);
  assert.deepEqual(history.since(10, ''), []);
  history.add([put('a/1', 11), put('b/1', 11)], 11);
  history.add([put('a/2', 12)], 12);
  assert.deepEqual(keysOf(history.since(10, 'a/')), ['a/1', 'a/2']);
  assert.deepEqual(keysOf(history.since(11, '')), ['a/2']);
  // a revision is forgotten whole
  history.add([put('a/3', 13)], 13);
  assert.equal(history.since(10, ''), undefined);
  assert.deepEqual(keysOf(history.since(11, '')), ['a/2', 'a/3']);
});

test('a history is no larger than its limit, whatever the values', () => {
  const history = new History({ changes: 100, bytes: 1000 });
  history.restart(0);
  for (let revision = 1; revision <= 50; revision += 1) history.add([put('k', revision, 'x'.repeat(99))], revision);
  assert.equal(history.since(39, ''), undefined);
  assert.equal(history.since(40, '')?.length, 10);
  history.add([put('k', 51, 'x'.repeat(5000))], 51);
  assert.deepEqual(history.since(51, ''), []);
  assert.equal(history.since(50, ''), undefined);
});

test('who waits is woken by the next change, by a new beginning and by the end of patience, and leaves nothing', async () => {
  const history = new History({ changes: 10, bytes: 1000 });
  history.restart(1);
  const end = new AbortController();
  for (const wake of [() => history.add([put('a', 2)], 2), () => history.restart(3), () => end.abort()]) {
    const waiting = history.next(end.signal);
    wake();
    await waiting;
  }
  await history.next(end.signal);
});

const node = (State: string): ClusterNode =>
  ({ ID: 'n', Description: { Hostname: 'host1' }, Status: { State, Addr: '10.77.0.1' } }) as unknown as ClusterNode;
const service = { ID: 's', Spec: { Name: 'web' } } as unknown as Service;
const network = { ID: 'f', Spec: { Name: 'front' } } as unknown as ClusterNetwork;
const task = (more: object = {}): Task =>
  ({
    ID: 't1',
    ServiceID: 's',
    NodeID: 'n',
    Slot: 2,
    Version: { Index: 7 },
    Status: { State: 'running' },
    DesiredState: 'running',
    Addresses: [{ NetworkID: 'f', Addr: '10.0.1.3/24', Addr6: 'fd00::3/64' }],
    Endpoint: { Ports: [{ Name: 'http', TargetPort: 80, PublishedPort: 8080, PublishMode: 'host' }] },
    ...more,
  }) as unknown as Task;
const registry = (one: Task, state = 'ready'): Map<string, KeyValueEntry> =>
  registryOf([one], (each) =>
    registeredEntry(each, {
      services: new Map([['s', service]]),
      nodes: new Map([['n', node(state)]]),
      networks: new Map([['f', network]]),
    }),
  );

test('a task that takes connections is registered with its addresses and ports, and goes when it takes none', () => {
  const entry = registry(task()).get('services/web/t1');
  assert.equal(entry?.Revision, 7);
  assert.deepEqual(JSON.parse(Buffer.from(entry.Value, 'base64').toString()), {
    Service: 'web',
    Task: 't1',
    Slot: 2,
    Node: 'host1',
    Host: '10.77.0.1',
    Addresses: { front: ['10.0.1.3', 'fd00::3'] },
    Ports: [{ Name: 'http', Protocol: 'tcp', Target: 80, Published: 8080, Mode: 'host' }],
  });
  const without = [
    registry(task({ Status: { State: 'starting' } })),
    registry(task({ DesiredState: 'shutdown' })),
    registry(task(), 'down'),
    registry(task({ NodeID: 'gone' })),
    registry(task({ ServiceID: 'gone' })),
  ];
  assert.deepEqual(
    without.map(({ size }) => size),
    [0, 0, 0, 0, 0],
  );
});

test('between two pictures of the registry only what differs is a change', () => {
  const [none, one] = [new Map<string, KeyValueEntry>(), registry(task())];
  const again = registry(task({ Version: { Index: 8 } }));
  assert.deepEqual(
    registryChanges(none, one, 9).map(({ Kind, Revision }) => [Kind, Revision]),
    [['put', 9]],
  );
  assert.deepEqual(registryChanges(one, again, 9), []);
  assert.deepEqual(registryChanges(one, none, 9), [{ Kind: 'delete', Key: 'services/web/t1', Revision: 9 }]);
});

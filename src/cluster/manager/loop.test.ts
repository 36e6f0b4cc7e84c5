import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { silentLog } from '../../base/log.ts';
import { DEFAULT_SPEC } from '../model/defaults.ts';
import { keys, type TaskState } from '../model/objects.ts';
import { newSealKey } from '../security/seal.ts';
import { MemoryStore } from '../store/memory.ts';
import { Cache } from './cache.ts';
import { Election } from './election.ts';
import { Loop } from './loop.ts';
import { Sessions } from './sessions.ts';
import { Writer } from './writer.ts';

interface Leading {
  readonly writer: Writer;
  readonly election: Election;
  readonly sessions: Sessions;
  end(): Promise<void>;
}

const ended: (() => Promise<void>)[] = [];
after(async () => {
  for (const end of ended) await end();
});

async function manager(store: MemoryStore, name: string): Promise<Leading> {
  const cache = new Cache(store);
  await cache.open();
  const writer = new Writer(store, cache);
  const election = new Election(store, { node: name, address: '' }, silentLog);
  const sessions = new Sessions({ writer, sealKey: newSealKey(), log: silentLog, heartbeatMs: () => 5000 });
  const loop = new Loop({ writer, sessions, guard: () => election.guard, log: silentLog });
  cache.onChange((changes) => loop.onChange(changes));
  election.onLead = () => loop.wake();
  election.start();
  const end = async (): Promise<void> => {
    loop.close();
    await election.stop();
    cache.close();
  };
  ended.push(end);
  return { writer, election, sessions, end };
}

async function world(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const cache = new Cache(store);
  await cache.open();
  const writer = new Writer(store, cache);
  await writer.create<'cluster'>('cluster', keys.cluster, {
    ID: 'c',
    Spec: DEFAULT_SPEC,
    JoinTokens: { Worker: '', Manager: '' },
    RootCA: { certificate: '', sealedKey: '' },
    DefaultAddrPool: [],
    SubnetSize: 24,
    DataPathPort: 4789,
  });
  for (const ID of ['n1', 'n2'])
    await writer.create<'nodes'>('nodes', keys.node(ID), {
      ID,
      Spec: { Role: 'worker', Availability: 'active' },
      Description: {
        Hostname: ID,
        Platform: { Architecture: 'x86_64', OS: 'linux' },
        Resources: { NanoCPUs: 4e9, MemoryBytes: 4e9 },
        Engine: { EngineVersion: '' },
      },
      Status: { State: 'ready', Addr: '' },
    });
  cache.close();
  return store;
}

function service(writer: Writer, replicas: number): Promise<void> {
  return writer.create<'services'>('services', keys.service('s'), {
    ID: 's',
    Spec: {
      Name: 'web',
      TaskTemplate: { ContainerSpec: { Image: 'busybox' } },
      Mode: { Replicated: { Replicas: replicas } },
    },
    Endpoint: { Spec: undefined },
    SpecVersion: { Index: 1 },
  });
}

async function eventually(what: () => void): Promise<void> {
  const end = Date.now() + 5000;
  for (;;) {
    try {
      what();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await pause(20);
    }
  }
}

const states = ({ cache }: Writer): string[] =>
  cache.all('tasks').map(({ NodeID, DesiredState, Status }) => `${NodeID} ${DesiredState}/${Status.State}`);

test('a service gets its tasks, spread over the nodes, each with its reasons', async () => {
  const { writer } = await manager(await world(), 'm1');
  await service(writer, 4);
  await eventually(() =>
    assert.deepEqual(states(writer).sort(), [
      'n1 running/assigned',
      'n1 running/assigned',
      'n2 running/assigned',
      'n2 running/assigned',
    ]),
  );
  for (const { Reasons = [] } of writer.cache.all('tasks')) assert.match(Reasons.join('\n'), /made: .*\n.* on n\d: /);
});

test('a task that fails is followed by another; one that reports backwards is not believed', async () => {
  const { writer, sessions } = await manager(await world(), 'm1');
  await service(writer, 1);
  await eventually(() => assert.equal(states(writer).length, 1));
  const [first] = writer.cache.all('tasks');
  assert.ok(first);
  const report = (State: TaskState): void =>
    sessions.report(first.NodeID ?? '', first.ID, { Timestamp: new Date().toISOString(), State });
  report('failed');
  report('running');
  sessions.report('n9', first.ID, { Timestamp: '', State: 'orphaned' });
  await eventually(() => assert.equal(states(writer).length, 2));
  assert.equal(writer.cache.get('tasks', first.ID)?.Status.State, 'failed');
});

test('of two managers one leads, and the other goes on when it ends', async () => {
  const store = await world();
  const [one, two] = await Promise.all([manager(store, 'm1'), manager(store, 'm2')]);
  await Promise.all([one.election.leading(), two.election.leading()]);
  const [leader, other] = one.election.guard ? [one, two] : [two, one];
  assert.equal(other.election.guard, undefined);
  await service(other.writer, 2);
  await eventually(() => assert.equal(states(other.writer).length, 2));
  await leader.end();
  await eventually(() => assert.ok(other.election.guard));
  await other.writer.update<'services'>(keys.service('s'), ({ Spec }) => ({
    Spec: { ...Spec, Mode: { Replicated: { Replicas: 3 } } },
  }));
  await eventually(() => assert.equal(states(other.writer).length, 3));
});

test('fault O73: who was leader and does not know it yet writes nothing', async () => {
  const store = await world();
  const { writer } = await manager(store, 'm1');
  const stale = { key: keys.leader, revision: 1 };
  const write = { guard: { key: 'x', revision: 0 }, write: { put: 'x', value: '' } };
  assert.equal(await writer.commitAll(stale, [write]), false);
  assert.equal(await store.get('x'), undefined);
});

// Nodes: when they are down, what becomes of their tasks, constraints, and what is forgotten.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  idOf,
  meets,
  nodeLife,
  nodeLifePolicy,
  type NodeLifeFacts,
  nodeMap,
  orphan,
  parseConstraints,
  printPlan,
  reap,
  reapServiceless,
  revisionOf,
  type Service,
} from './index.ts';
import { aNode, aService, aTask, Simulator } from './testing.ts';

describe('the life of a node', () => {
  const POLICY = nodeLifePolicy(5000);
  const life = (facts: Partial<NodeLifeFacts>, now: number): string => {
    const { state, cause, wakeAt } = nodeLife({ state: 'ready', leaderSince: 0, ...facts }, POLICY, now);
    return `${state}, ${cause}${wakeAt === undefined ? '' : `, till ${wakeAt}`}`;
  };

  test('it is down when it was not heard of for its time to live', () => {
    assert.equal(life({ lastSeen: 10_000 }, 12_000), 'ready, heard of in time, till 17500');
    assert.equal(life({ lastSeen: 10_000 }, 17_500), 'down, not heard of for 7.5 s');
  });

  test('a broken session is given a moment to come back', () => {
    const cut = { lastSeen: 10_000, sessionLostAt: 11_000 };
    assert.equal(life(cut, 12_000), 'unknown, its session broke, till 14000');
    assert.equal(life(cut, 14_000), 'down, its session broke 3 s ago');
    assert.match(life({ ...cut, lastSeen: 13_000 }, 14_000), /^ready/);
  });

  test('a new leader gives every node one time to live', () => {
    assert.equal(
      life({ lastSeen: 1000, leaderSince: 50_000 }, 57_000),
      'ready, a new leader waits to hear of it, till 57500',
    );
    assert.equal(
      life({ state: 'down', leaderSince: 50_000 }, 51_000),
      'down, a new leader waits to hear of it, till 57500',
    );
    assert.match(life({ leaderSince: 50_000 }, 57_500), /^down/);
  });

  test('one that comes and goes is trusted later each time', () => {
    const back = { state: 'down', lastSeen: 100_000 } as const;
    assert.match(life({ ...back, downs: [99_000] }, 100_000), /^ready/);
    assert.match(life({ ...back, downs: [50_000, 99_000] }, 100_000), /^down, it came back.* till 104000$/);
    assert.match(life({ ...back, downs: [10_000, 50_000, 99_000] }, 106_000), /^down/);
  });
});

describe('tasks of nodes', () => {
  const web = (replicas: number, more: Partial<Service> = {}): Service =>
    aService('web', { mode: { kind: 'replicated', replicas }, ...more });

  test('a fenced service does not run twice: its replacement waits until the lost node has stopped it', () => {
    const sim = new Simulator([aNode('n1')], [web(1, { fence: true })]);
    sim.tick();
    sim.setNode('n2', aNode('n2'));
    sim.setNode('n1', { state: 'down', downAt: 1000, fencedAt: 4000 });
    sim.now = 1000;
    sim.run(2900, 100, () => assert.equal(sim.running('web').filter(({ nodeId }) => nodeId === 'n2').length, 0));
    sim.run(300, 100);
    assert.equal(sim.running('web').filter(({ nodeId }) => nodeId === 'n2').length, 1);
  });

  test('a drain empties a node at once, or within the disruption budget', () => {
    for (const maxUnavailable of [undefined, 1]) {
      const sim = new Simulator([aNode('n1')], [web(4, { maxUnavailable })], () => ({ start: 300 }));
      sim.run(1000, 100);
      sim.setNode('n2', aNode('n2'));
      sim.setNode('n1', { availability: 'drain' });
      let least = 4;
      sim.run(10_000, 100, () => (least = Math.min(least, sim.running('web').length)));
      assert.equal(sim.running('web').filter(({ nodeId }) => nodeId === 'n2').length, 4);
      assert.equal(least, maxUnavailable === undefined ? 0 : 3);
    }
  });

  test('a node that no longer meets a constraint rejects its tasks; they wait, with the reason', () => {
    const sim = new Simulator(
      [aNode('n1', { labels: { a: 'b' } })],
      [web(1, { placement: { constraints: ['node.labels.a==b'] } })],
    );
    sim.tick();
    sim.setNode('n1', { labels: {} });
    sim.run(300, 100);
    assert.deepEqual(
      sim.tasksOf('web').map(({ desired, state, error }) => [desired, state, error]),
      [
        ['shutdown', 'rejected', 'assigned node no longer meets constraints'],
        ['running', 'pending', 'no suitable node (scheduling constraints not satisfied on 1 node)'],
      ],
    );
  });

  test('a global service is on each node that fits, and has no task elsewhere', () => {
    const sim = new Simulator(
      [aNode('n1'), aNode('n2', { availability: 'drain' }), aNode('n3', { role: 'manager' })],
      [aService('web', { mode: { kind: 'global' }, placement: { constraints: ['node.role==worker'] } })],
    );
    sim.tick();
    assert.deepEqual(
      sim.tasksOf('web').map(({ nodeId, state }) => `${nodeId} ${state}`),
      ['n1 running'],
    );
    sim.setNode('n2', { availability: 'active' });
    sim.setNode('n1', { availability: 'drain' });
    sim.run(500, 100);
    assert.deepEqual(
      sim.running('web').map(({ nodeId }) => nodeId),
      ['n2'],
    );
    sim.setNode('n1', { availability: 'active' });
    sim.run(500, 100);
    assert.deepEqual(sim.running('web').length, 2);
  });
});

describe('what is forgotten', () => {
  test('all but so many of a slot; with attempts one more than those', () => {
    const past = [1, 2, 3, 4, 5, 6].map((at) =>
      aTask(`t${at}`, { state: 'failed', desired: 'shutdown', createdAt: at }),
    );
    const tasks = [...past, aTask('t7', { createdAt: 7 })];
    assert.equal(reap(aService('web'), tasks, 5).steps.length, 2);
    assert.equal(reap(aService('web'), tasks, -1).steps.length, 0);
    assert.equal(
      reap(aService('web', { restart: { condition: 'any', delay: 0, maxAttempts: 2, window: 0 } }), tasks, 5).steps
        .length,
      4,
    );
    assert.equal(reap(aService('web'), [...past, { ...past[0], id: 'x', createdAt: 9 } as never], 0).steps.length, 6);
  });

  test('what was to be removed, when it ended or never had a node', () => {
    const tasks = [
      aTask('a', { desired: 'remove', state: 'shutdown' }),
      aTask('b', { desired: 'remove', slot: 2 }),
      aTask('c', { desired: 'remove', slot: 3, state: 'pending' }),
      aTask('d', { desired: 'shutdown', slot: 4, state: 'pending' }),
    ];
    assert.equal(
      printPlan(reap(aService('web'), tasks, 5)),
      [
        'deleteTask taskId=a # it was to be removed, and has ended',
        'deleteTask taskId=c # it was never placed',
        'setState taskId=d state=shutdown error= # it was never placed',
      ].join('\n'),
    );
    assert.equal(reapServiceless(tasks).steps.length, 1);
  });

  test('a task that a node took with it, after a day', () => {
    const nodes = nodeMap([aNode('n1', { state: 'down', downAt: 0 })]);
    const tasks = [
      aTask('a', { nodeId: 'n1', desired: 'shutdown' }),
      aTask('b', { nodeId: 'n9', desired: 'shutdown' }),
    ];
    assert.equal(orphan(tasks, nodes, 3600_000).steps.length, 1);
    assert.equal(orphan(tasks, nodes, 86_400_000).steps.length, 2);
  });
});

describe('constraints', () => {
  const node = aNode('ID1', {
    hostname: 'Host',
    role: 'manager',
    address: '10.1.2.3',
    labels: { Zone: 'A' },
    engineLabels: { disk: 'ssd' },
  });
  const holds = (text: string): boolean | string => {
    const parsed = parseConstraints([text]);
    return 'error' in parsed ? parsed.error : meets(node, parsed.constraints);
  };

  test('are what Swarm takes them for', () => {
    for (const text of [
      'node.id==id1',
      'node.hostname == HOST',
      'node.role!=worker',
      'node.labels.Zone==a',
      'NODE.LABELS.Zone==a',
      'engine.labels.disk==ssd',
      'node.labels.none!=x',
      'node.ip==10.1.0.0/16',
      'node.ip!=10.9.9.9',
      'node.platform.os==linux',
      'node.platform.arch==amd64',
    ])
      assert.equal(holds(text), true, text);
    for (const text of [
      'node.labels.zone==A',
      'node.bogus==1',
      'node.bogus!=1',
      'node.ip==x',
      'node.ip==10.1.2.3/99',
      'node.labels.none==x',
    ])
      assert.equal(holds(text), false, text);
  });

  test('are refused in its words', () => {
    assert.equal(holds('node.role'), 'constraint expected one operator from ==, !=');
    assert.equal(holds('node.role=='), "value '' is invalid");
    assert.equal(holds('1a==b'), "key '1a' is invalid");
    assert.equal(holds('node.labels.a==b,c'), "value 'b,c' is invalid");
  });
});

test('revisions are those of equal templates, whatever their order and their placement', () => {
  const template = { ContainerSpec: { Image: 'a', Env: ['x'] }, ForceUpdate: 1 };
  assert.equal(
    revisionOf({ ForceUpdate: 1, Placement: { Constraints: ['a==b'] }, ContainerSpec: { Env: ['x'], Image: 'a' } }),
    revisionOf(template),
  );
  assert.notEqual(revisionOf({ ...template, ForceUpdate: 2 }), revisionOf(template));
  assert.match(idOf('a', 1), /^[0-9a-z]{25}$/);
  assert.notEqual(idOf('a', 1), idOf('a', 2));
});

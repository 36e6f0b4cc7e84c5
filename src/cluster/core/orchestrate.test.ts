// Services kept as they are to be: golden plans, and the way through lost nodes, drains and restarts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nodeMap, orchestrate, printPlan } from './index.ts';
import { aNode, aService, aTask, Simulator } from './testing.ts';

const nodes = nodeMap([aNode('n1'), aNode('n2'), aNode('n3')]);

describe('replicated services', () => {
  test('get a task for each replica, with the lowest free numbers', () => {
    const service = aService('web', { mode: { kind: 'replicated', replicas: 3 } });
    const plan = orchestrate(service, [aTask('t2', { slot: 2, nodeId: 'n1' })], nodes, 1000);
    assert.equal(
      printPlan(plan),
      [
        'createTask serviceId=web slot=1 desired=running revision=r1 # 3 replicas wanted',
        'createTask serviceId=web slot=3 desired=running revision=r1 # 3 replicas wanted',
      ].join('\n'),
    );
  });

  test('shrink by what does not run, then by the fuller node, then by the highest number', () => {
    const tasks = [
      aTask('a', { slot: 1, nodeId: 'n1' }),
      aTask('b', { slot: 2, nodeId: 'n2' }),
      aTask('c', { slot: 3, nodeId: 'n1' }),
      aTask('d', { slot: 4, nodeId: 'n3', state: 'preparing' }),
    ];
    const plan = orchestrate(aService('web', { mode: { kind: 'replicated', replicas: 2 } }), tasks, nodes, 0);
    assert.equal(
      printPlan(plan),
      ['setDesired taskId=c desired=remove # scaled to 2', 'setDesired taskId=d desired=remove # scaled to 2'].join(
        '\n',
      ),
    );
  });

  test('a task of a node that is down is replaced at once', () => {
    const there = nodeMap([aNode('n1', { state: 'down' }), aNode('n2')]);
    const plan = orchestrate(aService('web'), [aTask('a', { nodeId: 'n1' })], there, 0);
    assert.equal(
      printPlan(plan),
      [
        'setDesired taskId=a desired=shutdown # node n1 is down',
        'createTask serviceId=web slot=1 desired=running revision=r1 replaces=a # node n1 is down',
      ].join('\n'),
    );
  });
});

test('a service of three comes up, survives a lost node, and then nothing is left to do', () => {
  const sim = new Simulator(
    [aNode('n1'), aNode('n2'), aNode('n3')],
    [aService('web', { mode: { kind: 'replicated', replicas: 3 } })],
  );
  sim.tick();
  assert.deepEqual(new Set(sim.running('web').map(({ nodeId }) => nodeId)), new Set(['n1', 'n2', 'n3']));
  sim.setNode('n2', { state: 'down', downAt: sim.now });
  sim.tick(100);
  assert.equal(sim.running('web').filter(({ nodeId }) => nodeId !== 'n2').length, 3);
  assert.deepEqual(sim.plan('web').steps, []);
});

test('a rolling update replaces all and completes', () => {
  const sim = new Simulator(
    [aNode('n1'), aNode('n2')],
    [aService('web', { mode: { kind: 'replicated', replicas: 4 } })],
  );
  sim.tick();
  sim.update('web', 'r2');
  sim.run(20_000);
  assert.equal(sim.service('web').updateStatus?.state, 'completed');
  assert.deepEqual(
    sim.running('web').map(({ revision }) => revision),
    ['r2', 'r2', 'r2', 'r2'],
  );
});

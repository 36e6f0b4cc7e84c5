// Forecasts equal what then happens; moves when a node joins.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Change, printForecast, printPlan, rebalance, type Service, whatIf } from './index.ts';
import { aNode, aService, CPU, GB, Simulator } from './testing.ts';

const web = (replicas: number, more: Partial<Service> = {}): Service =>
  aService('web', { mode: { kind: 'replicated', replicas }, ...more });

/** Service, slot and node of all that is to run. */
function placements(tasks: Simulator['tasks']): readonly string[] {
  return tasks
    .filter(({ desired, state }) => desired === 'running' && ['pending', 'running'].includes(state))
    .map(({ serviceId, slot, nodeId, state }) => `${serviceId}.${slot} ${nodeId} ${state}`)
    .sort();
}

function happens(sim: Simulator, changes: readonly Change[]): void {
  for (const change of changes) {
    if (change.kind === 'kill') sim.setNode(change.nodeId, { state: 'down', downAt: sim.now, fencedAt: sim.now });
    if (change.kind === 'drain') sim.setNode(change.nodeId, { availability: 'drain' });
    if (change.kind === 'add') sim.setNode(change.node.id, change.node);
    if (change.kind === 'scale')
      sim.setService(change.serviceId, { mode: { kind: 'replicated', replicas: change.replicas } });
  }
  sim.run(5000, 100);
}

describe('what if', () => {
  test('a node died: its tasks, or why they would wait', () => {
    const sim = new Simulator([aNode('n1'), aNode('n2')], [web(2, { needs: { memoryBytes: 5 * GB } })]);
    sim.tick();
    const forecast = whatIf(sim.world, [{ kind: 'kill', nodeId: 'n2' }], sim.now);
    assert.equal(printForecast(forecast), 'web.2: waits, 1 node: no memory; 1 node: down');
    const added = whatIf(
      sim.world,
      [
        { kind: 'kill', nodeId: 'n2' },
        { kind: 'add', node: aNode('n3') },
      ],
      sim.now,
    );
    assert.equal(printForecast(added), 'web.2: n2 -> n3');
    assert.equal(printForecast(whatIf(sim.world, [], sim.now)), 'nothing changes');
    assert.equal(
      printForecast(whatIf(sim.world, [{ kind: 'scale', serviceId: 'web', replicas: 1 }], sim.now)),
      'web.2: stops on n2',
    );
  });

  test('limit: after so many plans the forecast is what was reached', () => {
    const sim = new Simulator([aNode('n1')], [web(1)]);
    sim.tick();
    const change: Change = { kind: 'scale', serviceId: 'web', replicas: 3 };
    const count = (rounds?: number): number =>
      whatIf(sim.world, [change], sim.now, rounds === undefined ? {} : { rounds }).placed.length;
    assert.deepEqual([count(0), count(1), count()], [0, 2, 2]);
    // what never settles ends too: tasks that are refused as soon as they are there would be made again for ever
    assert.equal(whatIf(sim.world, [change], sim.now).pending.length, 0);
  });

  test('the forecast equals what then happens', () => {
    const node = fc.record({ cpus: fc.integer({ min: 1, max: 8 }) });
    const service = fc.record({
      replicas: fc.integer({ min: 0, max: 8 }),
      cpus: fc.integer({ min: 0, max: 3 }),
      maxPerNode: fc.integer({ min: 0, max: 2 }),
      strategy: fc.constantFrom<'spread' | 'least-busy' | 'binpack'>('spread', 'least-busy', 'binpack'),
    });
    const pick = fc.integer({ min: 0, max: 5 });
    fc.assert(
      fc.property(
        fc.array(node, { minLength: 1, maxLength: 6 }),
        fc.array(service, { minLength: 1, maxLength: 4 }),
        pick,
        pick,
        fc.integer({ min: 0, max: 9 }),
        (nodes, services, victim, scaled, replicas) => {
          const sim = new Simulator(
            nodes.map(({ cpus }, index) =>
              aNode(`n${index}`, { resources: { nanoCpus: cpus * CPU, memoryBytes: GB } }),
            ),
            services.map((raw, index) =>
              aService(`s${index}`, {
                mode: { kind: 'replicated', replicas: raw.replicas },
                needs: { nanoCpus: raw.cpus * CPU },
                placement: { maxPerNode: raw.maxPerNode, strategy: raw.strategy },
              }),
            ),
          );
          sim.run(1000, 100);
          const changes: readonly Change[] = [
            { kind: 'kill', nodeId: `n${victim % nodes.length}` },
            { kind: 'scale', serviceId: `s${scaled % services.length}`, replicas },
          ];
          const forecast = whatIf(sim.world, changes, sim.now);
          happens(sim, changes);
          const lost = `n${victim % nodes.length}`;
          const alive = (all: readonly string[]): readonly string[] =>
            all.filter((line) => !line.includes(` ${lost} `));
          assert.deepEqual(alive(placements(sim.tasks)), alive(placements([...forecast.world.tasks.values()])));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('rebalance', () => {
  const grown = (): Simulator => {
    const sim = new Simulator([aNode('n1'), aNode('n2')], [web(9)]);
    sim.tick();
    sim.setNode('n3', aNode('n3'));
    return sim;
  };
  const move = (sim: Simulator, moves: number): string => {
    const plan = rebalance(
      { nodes: [...sim.world.nodes.values()], tasks: sim.tasks, services: sim.world.services, now: sim.now },
      { moves },
    );
    sim.world = sim.applied(plan.steps);
    return printPlan(plan);
  };

  test('moves a few at a time to a node that joined, start-first, and then rests', () => {
    const sim = grown();
    assert.match(
      move(sim, 2),
      /^createTask .* nodeId=n3 desired=running revision=r1 replaces=\w+ # rebalance: 5 tasks on n1, 0 on n3\ncreateTask [^\n]* # rebalance: \d tasks on n\d, 1 on n3$/,
    );
    assert.equal(move(sim, 2), '');
    for (let round = 0; round < 20; round += 1) {
      sim.run(500, 100, () => assert.ok(sim.running('web').length >= 9));
      move(sim, 2);
    }
    const counts = [...Map.groupBy(sim.running('web'), ({ nodeId }) => nodeId).values()].map((tasks) => tasks.length);
    assert.deepEqual(counts, [3, 3, 3]);
    assert.equal(move(sim, 2), '');
  });

  test('does nothing while an update runs or tasks are missing', () => {
    const sim = grown();
    sim.update('web', 'r2');
    sim.tick();
    assert.equal(move(sim, 2), '');
  });
});

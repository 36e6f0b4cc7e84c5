// Placement: strategies, filters with their reasons, and properties of all of them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type Needs,
  type Node,
  type Placement,
  type Schedule,
  type ScheduleSnapshot,
  type Service,
  schedule,
  type Strategy,
  type Task,
} from './index.ts';
import { aNode, aService, aTask, CPU, GB, Simulator } from './testing.ts';

function waiting(service: Service, count: number, more: Partial<Task> = {}): readonly Task[] {
  return Array.from({ length: count }, (_, index) =>
    aTask(`${service.id}-${String(index).padStart(4, '0')}`, {
      serviceId: service.id,
      slot: index + 1,
      state: 'pending',
      needs: service.needs,
      ...more,
    }),
  );
}

function place(
  nodes: readonly Node[],
  service: Service,
  count: number,
  more: Partial<ScheduleSnapshot> = {},
): Schedule {
  return schedule({
    nodes,
    tasks: waiting(service, count),
    services: new Map([[service.id, service]]),
    now: 0,
    ...more,
  });
}

function nodesOf({ steps }: Schedule): readonly string[] {
  return steps.flatMap(({ op }) => (op.kind === 'assignTask' ? [op.nodeId] : []));
}

function counts(found: Schedule): Readonly<Record<string, number>> {
  const all = nodesOf(found);
  return Object.fromEntries(all.toSorted().map((id) => [id, all.filter((one) => one === id).length]));
}

describe('strategies', () => {
  const web = (strategy: Strategy, more: Partial<Service> = {}): Service =>
    aService('web', { placement: { strategy }, ...more });

  test('spread goes by the tasks of the service, then by all', () => {
    const others = [1, 2, 3].map((index) => aTask(`o${index}`, { serviceId: 'other', nodeId: 'n1' }));
    const service = web('spread');
    const found = schedule({
      nodes: [aNode('n1'), aNode('n2'), aNode('n3')],
      tasks: [...others, ...waiting(service, 4)],
      services: new Map([['web', service]]),
      now: 0,
    });
    assert.deepEqual(counts(found), { n1: 1, n2: 2, n3: 1 });
  });

  test('least-busy goes by measured load, and by what was placed since', () => {
    const nodes = [
      aNode('n1', { load: { cpu: 0.9, memory: 0.2 } }),
      aNode('n2', { load: { cpu: 0.1, memory: 0.1 } }),
      aNode('n3', { load: { cpu: 0.2, memory: 0.5 } }),
    ];
    const needs = { nanoCpus: CPU };
    assert.deepEqual(nodesOf(place(nodes, web('least-busy', { needs }), 3)), ['n2', 'n2', 'n3']);
  });

  test('a load that is no number counts as none', () => {
    const nodes = [
      aNode('n1', { load: { cpu: Number.NaN, memory: Number.POSITIVE_INFINITY } }),
      aNode('n2', { load: { cpu: 0.5, memory: 0 } }),
    ];
    assert.deepEqual(nodesOf(place(nodes, web('least-busy'), 1)), ['n1']);
  });

  test('binpack fills one node after the other', () => {
    const needs = { memoryBytes: 2 * GB };
    assert.deepEqual(counts(place([aNode('n1'), aNode('n2'), aNode('n3')], web('binpack', { needs }), 6)), {
      n1: 4,
      n2: 2,
    });
  });

  test('in turn goes on behind the last node', () => {
    const nodes = [aNode('n1'), aNode('n2'), aNode('n3')];
    const found = place(nodes, web('in-turn'), 4, { cursor: 'n1' });
    assert.deepEqual(nodesOf(found), ['n2', 'n3', 'n1', 'n2']);
    assert.equal(found.cursor, 'n2');
  });

  test('random is the same for the same seed', () => {
    const nodes = Array.from({ length: 20 }, (_, index) => aNode(`n${index}`));
    const of = (seed: number): string => nodesOf(place(nodes, web('random'), 20, { seed })).join(' ');
    assert.equal(of(1), of(1));
    assert.notEqual(of(1), of(2));
  });

  test('a node on which the service failed of late comes last', () => {
    const failed = Array.from({ length: 5 }, (_, index) =>
      aTask(`f${index}`, { nodeId: 'n1', state: 'failed', desired: 'shutdown' }),
    );
    const service = web('spread');
    const found = schedule({
      nodes: [aNode('n1'), aNode('n2')],
      tasks: [...failed, ...waiting(service, 3)],
      services: new Map([['web', service]]),
      now: 1000,
    });
    assert.deepEqual(counts(found), { n2: 3 });
  });

  test('of equal nodes the one that has the image is taken', () => {
    const nodes = [aNode('n1'), aNode('n2', { images: new Set(['busybox']) }), aNode('n3')];
    assert.deepEqual(nodesOf(place(nodes, web('spread', { image: 'busybox' }), 1)), ['n2']);
  });
});

describe('preferences', () => {
  test('spread over the first label, then over the second', () => {
    const node = (id: string, zone: string, rack: string): Node => aNode(id, { labels: { zone, rack } });
    const nodes = [node('a1', 'a', '1'), node('a2', 'a', '1'), node('a3', 'a', '2'), node('b1', 'b', '1')];
    const placement: Placement = { preferences: ['node.labels.zone', 'node.labels.rack'] };
    assert.deepEqual(counts(place(nodes, aService('web', { placement }), 8)), { a1: 1, a2: 1, a3: 2, b1: 4 });
  });

  test('a node without the label is a branch of its own', () => {
    const nodes = [aNode('n1', { labels: { zone: 'a' } }), aNode('n2')];
    assert.deepEqual(counts(place(nodes, aService('web', { placement: { preferences: ['node.labels.zone'] } }), 4)), {
      n1: 2,
      n2: 2,
    });
  });
});

describe('who waits says why', () => {
  const reason = (nodes: readonly Node[], service: Partial<Service>, tasks: readonly Task[] = []): string => {
    const web = aService('web', service);
    const found = schedule({ nodes, tasks: [...tasks, ...waiting(web, 1)], services: new Map([['web', web]]), now: 0 });
    const [why] = found.pending.map((pending) => pending.why);
    return `${why?.summary} | ${why?.detail}`;
  };

  test("in Swarm's summary, and node by node", () => {
    assert.equal(
      reason([aNode('n1'), aNode('n2', { availability: 'drain' }), aNode('n3')], { needs: { memoryBytes: 9 * GB } }),
      'no suitable node (insufficient resources on 2 nodes; 1 node not available for new tasks) | 2 nodes: no memory; 1 node: drained',
    );
  });

  test('each filter has its words', () => {
    const one = [aNode('n1')];
    const other = aTask('x', { serviceId: 'web', nodeId: 'n1', needs: { hostPorts: ['80/tcp'] } });
    assert.equal(
      reason(one, { placement: { constraints: ['node.labels.a==b'] } }),
      'no suitable node (scheduling constraints not satisfied on 1 node) | 1 node: not node.labels.a==b',
    );
    assert.equal(
      reason(one, { needs: { hostPorts: ['80/tcp'] } }, [other]),
      'no suitable node (host-mode port already in use on 1 node) | 1 node: port 80/tcp taken',
    );
    assert.equal(
      reason(one, { placement: { maxPerNode: 1 } }, [other]),
      'no suitable node (max replicas per node limit exceed) | 1 node: 1 of at most 1 there',
    );
    assert.equal(
      reason(one, { placement: { platforms: [{ os: 'windows' }] } }),
      'no suitable node (unsupported platform on 1 node) | 1 node: another platform',
    );
    assert.equal(
      reason(one, { needs: { generic: { gpu: 1 } } }),
      'no suitable node (insufficient resources on 1 node) | 1 node: no gpu',
    );
    assert.equal(
      reason([aNode('n1', { plugins: [] })], { placement: { plugins: ['Volume/nfs'] } }),
      'no suitable node (missing plugin on 1 node) | 1 node: no plugin Volume/nfs',
    );
    assert.equal(reason([], {}), 'no suitable node | there is no node');
  });

  test('once: a reason that stands already is not written again', () => {
    const web = aService('web', { needs: { nanoCpus: 9 * CPU } });
    const tasks = waiting(web, 1, { error: 'no suitable node (insufficient resources on 1 node)' });
    const found = schedule({ nodes: [aNode('n1')], tasks, services: new Map([['web', web]]), now: 0 });
    assert.deepEqual([found.steps.length, found.pending.length], [0, 1]);
  });

  test('platforms are known by both of their names', () => {
    assert.equal(
      place([aNode('n1')], aService('web', { placement: { platforms: [{ os: 'linux', arch: 'amd64' }] } }), 1).pending
        .length,
      0,
    );
    assert.equal(
      place([aNode('n1')], aService('web', { placement: { constraints: ['node.platform.arch==amd64'] } }), 1).pending
        .length,
      0,
    );
  });
});

describe('fault O74', () => {
  test('a thousand tasks with an impossible constraint wait with a reason, and others are placed', () => {
    const stuck = aService('stuck', { placement: { constraints: ['node.labels.moon==full'] }, createdAt: 0 });
    const web = aService('web');
    const found = schedule({
      nodes: [aNode('n1'), aNode('n2')],
      tasks: [...waiting(stuck, 1000), ...waiting(web, 4, { createdAt: 5 })],
      services: new Map([stuck, web].map((service) => [service.id, service])),
      now: 10,
    });
    assert.equal(found.pending.length, 1000);
    assert.ok(
      found.pending.every(
        ({ why }) => why.summary === 'no suitable node (scheduling constraints not satisfied on 2 nodes)',
      ),
    );
    assert.deepEqual(counts(found), { n1: 2, n2: 2 });
  });

  test('an image that one node cannot have ends on another node', () => {
    const sim = new Simulator(
      [aNode('n1'), aNode('n2')],
      [aService('web', { restart: { condition: 'any', delay: 100, maxAttempts: 0, window: 0 } })],
      (task) => ({
        rejects: task.nodeId === 'n1' ? 'No such image: web:1' : undefined,
      }),
    );
    sim.run(5000, 100);
    assert.deepEqual(
      sim.running('web').map(({ nodeId }) => nodeId),
      ['n2'],
    );
  });

  test('a crash loop does not keep others from being placed', () => {
    const sim = new Simulator([aNode('n1')], [aService('crash'), aService('web')], (task) =>
      task.serviceId === 'crash' ? { endsAfter: 0 } : {},
    );
    sim.run(600_000, 1000);
    assert.equal(sim.running('web').length, 1);
    const made = sim.log.filter(({ step }) => step.op.kind === 'createTask' && step.op.serviceId === 'crash').length;
    assert.ok(made < 20, `${made} tasks in ten minutes`);
  });

  test('two tasks that want one port of one node: one runs, the other says why', () => {
    const needs: Needs = { hostPorts: ['80/tcp'] };
    const found = place([aNode('n1')], aService('web', { needs }), 2);
    assert.equal(nodesOf(found).length, 1);
    assert.equal(found.pending[0]?.why.summary, 'no suitable node (host-mode port already in use on 1 node)');
  });
});

describe('priorities', () => {
  const low = aService('low', { needs: { nanoCpus: 2 * CPU }, priority: 1 });
  const high = aService('high', { needs: { nanoCpus: 3 * CPU }, priority: 5 });
  const services = new Map([low, high].map((service) => [service.id, service]));

  test('the higher one is placed first', () => {
    const found = schedule({
      nodes: [aNode('n1')],
      tasks: [...waiting(low, 2), ...waiting(high, 1, { createdAt: 9 })],
      services,
      now: 9,
    });
    assert.deepEqual(
      found.steps.flatMap(({ op }) => (op.kind === 'assignTask' ? [op.taskId] : [])),
      ['high-0000'],
    );
  });

  const present = ['a', 'b'].map((id) => aTask(id, { serviceId: 'low', needs: low.needs, nodeId: 'n1' }));

  test('nobody is stopped for it unless that is asked for', () => {
    const tasks = [...present, ...waiting(high, 1)];
    const snapshot = { nodes: [aNode('n1')], tasks, services, now: 0 };
    assert.equal(
      schedule(snapshot).steps.some(({ op }) => op.kind === 'setDesired'),
      false,
    );
    const causes = schedule({ ...snapshot, preemption: true }).steps.flatMap(({ op, cause }) =>
      op.kind === 'setDesired' ? [cause] : [],
    );
    assert.deepEqual(causes, [
      'makes room for high-0000 of high: priority 1 gives way to 5',
      'makes room for high-0000 of high: priority 1 gives way to 5',
    ]);
  });

  test('limit: 64 tasks are made room for in one run, and 256 nodes are looked at for one', () => {
    const nodes = Array.from({ length: 300 }, (_, at) => aNode(`n${String(at).padStart(3, '0')}`));
    const on = (service: Service, from: number, to: number): readonly Task[] =>
      nodes.slice(from, to).map(({ id }) => aTask(`${service.id}-${id}`, { serviceId: service.id, needs, nodeId: id }));
    const needs = { nanoCpus: 4 * CPU };
    const stopped = (tasks: readonly Task[]): number =>
      schedule({ nodes, tasks, services, now: 0, preemption: true }).steps.filter(({ op }) => op.kind === 'setDesired')
        .length;
    assert.equal(stopped([...on(low, 0, 300), ...waiting(high, 63)]), 63);
    assert.equal(stopped([...on(low, 0, 300), ...waiting(high, 100)]), 64);
    // all nodes are full of what matters as much, but for one at the end
    assert.equal(stopped([...on(high, 0, 255), ...on(low, 255, 256), ...on(high, 256, 300), ...waiting(high, 1)]), 1);
    assert.equal(stopped([...on(high, 0, 256), ...on(low, 256, 257), ...on(high, 257, 300), ...waiting(high, 1)]), 0);
  });

  test('nor beyond the disruption budget, nor twice while the first still stop', () => {
    const guarded = new Map([
      ...services,
      ['low', { ...low, mode: { kind: 'replicated', replicas: 2 }, maxUnavailable: 1 } as const],
    ]);
    const tasks = [...present, ...waiting(high, 1)];
    const snapshot = { nodes: [aNode('n1')], tasks, services: guarded, now: 0, preemption: true };
    assert.equal(
      schedule(snapshot).steps.some(({ op }) => op.kind === 'setDesired'),
      false,
    );
    const stopping = present.map((task) => ({ ...task, desired: 'shutdown' as const }));
    assert.equal(
      schedule({ ...snapshot, services, tasks: [...stopping, ...waiting(high, 1)] }).steps.some(
        ({ op }) => op.kind === 'setDesired',
      ),
      false,
    );
  });
});

test('a task that follows another one may have its place before that one has left it', () => {
  const web = aService('web', { needs: { memoryBytes: 6 * GB, hostPorts: ['80/tcp'] }, placement: { maxPerNode: 1 } });
  const old = aTask('old', { nodeId: 'n1', needs: web.needs });
  const next = aTask('next', { state: 'pending', desired: 'ready', replaces: 'old', revision: 'r2', needs: web.needs });
  const services = new Map([['web', web]]);
  const found = schedule({ nodes: [aNode('n1')], tasks: [old, next], services, now: 0 });
  assert.deepEqual(nodesOf(found), ['n1']);
  // and nobody else may
  const third = aTask('third', { slot: 2, state: 'pending', needs: { memoryBytes: 3 * GB }, revision: 'r3' });
  assert.equal(
    schedule({ nodes: [aNode('n1')], tasks: [old, { ...next, state: 'ready', nodeId: 'n1' }, third], services, now: 0 })
      .pending.length,
    1,
  );
});

describe('for all clusters', () => {
  const node = fc.record({
    cpus: fc.integer({ min: 1, max: 8 }),
    zone: fc.constantFrom('a', 'b', ''),
    availability: fc.constantFrom<Node['availability']>('active', 'active', 'active', 'drain', 'pause'),
    state: fc.constantFrom<Node['state']>('ready', 'ready', 'ready', 'down'),
  });
  const service = fc.record({
    count: fc.integer({ min: 0, max: 12 }),
    maxPerNode: fc.integer({ min: 0, max: 3 }),
    cpus: fc.integer({ min: 0, max: 3 }),
    port: fc.boolean(),
    zone: fc.constantFrom(undefined, 'a', 'b'),
    strategy: fc.constantFrom<Strategy>('spread', 'least-busy', 'binpack', 'in-turn', 'random'),
    prefers: fc.boolean(),
  });

  test('bounds hold, and whoever is pending has a reason on every node', () => {
    fc.assert(
      fc.property(fc.array(node, { maxLength: 8 }), fc.array(service, { maxLength: 5 }), (rawNodes, rawServices) => {
        const nodes = rawNodes.map(({ cpus, zone, availability, state }, index) =>
          aNode(`n${index}`, {
            availability,
            state,
            labels: { zone },
            resources: { nanoCpus: cpus * CPU, memoryBytes: GB },
          }),
        );
        const services = rawServices.map((raw, index) =>
          aService(`s${index}`, {
            needs: { nanoCpus: raw.cpus * CPU, ...(raw.port ? { hostPorts: [`${index % 2}/tcp`] } : {}) },
            placement: {
              maxPerNode: raw.maxPerNode,
              strategy: raw.strategy,
              ...(raw.zone ? { constraints: [`node.labels.zone==${raw.zone}`] } : {}),
              ...(raw.prefers ? { preferences: ['node.labels.zone'] } : {}),
            },
          }),
        );
        const tasks = services.flatMap((one, index) => waiting(one, rawServices[index]?.count ?? 0));
        const found = schedule({ nodes, tasks, services: new Map(services.map((one) => [one.id, one])), now: 0 });
        assert.equal(nodesOf(found).length + found.pending.length, tasks.length);
        for (const { why } of found.pending) {
          assert.match(why.summary, /^no suitable node/);
          assert.equal(new Set(why.nodes.flatMap(({ nodeIds }) => nodeIds)).size, nodes.length);
        }
        const assigned = found.steps.flatMap(({ op }) => (op.kind === 'assignTask' ? [op] : []));
        for (const one of nodes) {
          const here = assigned
            .filter(({ nodeId }) => nodeId === one.id)
            .map(({ taskId }) => tasks.find(({ id }) => id === taskId));
          if (here.length > 0) assert.ok(one.state === 'ready' && one.availability === 'active');
          const cpus = here.reduce((sum, task) => sum + (task?.needs?.nanoCpus ?? 0), 0);
          assert.ok(cpus <= (one.resources?.nanoCpus ?? 0));
          const ports = here.flatMap((task) => task?.needs?.hostPorts ?? []);
          assert.equal(new Set(ports).size, ports.length);
          for (const [index, raw] of rawServices.entries()) {
            const own = here.filter((task) => task?.serviceId === `s${index}`).length;
            assert.ok(raw.maxPerNode === 0 || own <= raw.maxPerNode);
            if (own > 0 && raw.zone) assert.equal(one.labels?.zone, raw.zone);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('the sample of thousands of nodes is as good as looking at all', () => {
    const nodes = Array.from({ length: 2000 }, (_, index) => aNode(`n${index}`));
    const busy = Array.from({ length: 4000 }, (_, index) =>
      aTask(`b${index}`, { serviceId: 'other', nodeId: `n${(index * 7) % 1900}` }),
    );
    const web = aService('web');
    const found = schedule({
      nodes,
      tasks: [...busy, ...waiting(web, 100)],
      services: new Map([['web', web]]),
      now: 0,
    });
    // 100 nodes are empty: all go there, one each
    assert.deepEqual(new Set(nodesOf(found)).size, 100);
    assert.ok(nodesOf(found).every((id) => Number(id.slice(1)) >= 1900));
  });

  test('the cost of n tasks on m nodes is near m + n log m', () => {
    let looks = 0;
    const nodes = Array.from(
      { length: 2000 },
      (_, index): Node => ({
        ...aNode(`n${index}`),
        // read whenever a node is given a score
        get images() {
          looks += 1;
          return undefined;
        },
      }),
    );
    place(nodes, aService('web', { image: 'i' }), 4000);
    assert.ok(looks <= 2000 + 4000, `one service: ${looks}`);
    looks = 0;
    const many = Array.from({ length: 4000 }, (_, index) => aService(`s${index}`, { image: 'i' }));
    const tasks = many.flatMap((service) => waiting(service, 1));
    schedule({ nodes, tasks, services: new Map(many.map((service) => [service.id, service])), now: 0 });
    assert.ok(looks <= 4000 * 20, `four thousand services: ${looks}`);
  });
});

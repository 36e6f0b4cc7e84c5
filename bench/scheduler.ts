// Placements a second by the pure scheduler: nothing is stored, sent or started. `npm run bench:scheduler`.
import { schedule, type Node, type Service, type Strategy, type Task } from '../src/cluster/core/index.ts';
import { median } from './measure.ts';
import { printTable } from './table.ts';

const GB = 2 ** 30;
const ROUNDS = 5;
const ROLLOUT = {
  parallelism: 1,
  delay: 0,
  order: 'stop-first',
  monitor: 5000,
  failureAction: 'pause',
  maxFailureRatio: 0,
} as const;

interface Case {
  readonly name: string;
  /** Tasks a service. */
  readonly replicas: number;
  readonly service: Partial<Service>;
  readonly strategy?: Strategy;
  readonly preload?: boolean;
  readonly tasks?: number;
}

const CASES: readonly Case[] = [
  { name: 'services of 100, spread', replicas: 100, service: {} },
  { name: 'services of 1, spread', replicas: 1, service: {} },
  { name: 'services of 1, least busy', replicas: 1, service: {}, strategy: 'least-busy' },
  { name: 'services of 1, binpack', replicas: 1, service: {}, strategy: 'binpack' },
  {
    name: 'services of 10, reservations and a constraint',
    replicas: 10,
    service: { needs: { nanoCpus: 1e7, memoryBytes: GB / 256 }, placement: { constraints: ['node.labels.zone!=c'] } },
  },
  {
    name: 'services of 50, spread over zones',
    replicas: 50,
    service: { placement: { preferences: ['node.labels.zone'] } },
  },
  { name: 'services of 100 that fit nowhere', replicas: 100, service: { needs: { nanoCpus: 1e12 } } },
  { name: 'one task more, all others there', replicas: 1, service: {}, preload: true, tasks: 1 },
];

function nodesOf(count: number): readonly Node[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `node-${index}`,
    hostname: `node-${index}`,
    state: 'ready',
    availability: 'active',
    labels: { zone: 'abc'[index % 3] ?? 'a' },
    resources: { nanoCpus: 64e9, memoryBytes: 256 * GB },
    load: { cpu: ((index * 37) % 100) / 200, memory: ((index * 61) % 100) / 200 },
  }));
}

function world(
  one: Case,
  count: number,
): { readonly services: ReadonlyMap<string, Service>; readonly tasks: readonly Task[] } {
  const services = new Map<string, Service>();
  const tasks: Task[] = [];
  for (let index = 0; index < count; index += 1) {
    const id = `service-${Math.floor(index / one.replicas)}`;
    let service = services.get(id);
    if (service === undefined) {
      service = {
        id,
        name: id,
        createdAt: 0,
        mode: { kind: 'replicated', replicas: one.replicas },
        revision: 'r1',
        placement: {},
        restart: { condition: 'any', delay: 5000, maxAttempts: 0, window: 0 },
        update: ROLLOUT,
        rollback: ROLLOUT,
        ...one.service,
      };
      services.set(id, service);
    }
    tasks.push({
      id: `task-${index}`,
      serviceId: id,
      slot: (index % one.replicas) + 1,
      desired: 'running',
      state: 'pending',
      revision: 'r1',
      createdAt: index,
      stateAt: index,
      needs: service.needs,
    });
  }
  return { services, tasks };
}

function run(one: Case, nodes: readonly Node[]): readonly string[] {
  const count = one.tasks ?? Math.min(20_000, nodes.length * 20);
  const { services, tasks } = world(one, count);
  const present = one.preload
    ? world({ ...one, replicas: 20 }, nodes.length * 20).tasks.map(
        (task, index): Task => ({
          ...task,
          id: `present-${index}`,
          serviceId: `present-${task.serviceId}`,
          state: 'running',
          nodeId: nodes[index % nodes.length]?.id,
        }),
      )
    : [];
  const snapshot = { nodes, tasks: [...present, ...tasks], services, now: 1e6, strategy: one.strategy };
  const times: number[] = [];
  let placed = 0;
  for (let round = -1; round < ROUNDS; round += 1) {
    const begin = performance.now();
    const found = schedule(snapshot);
    if (round >= 0) times.push(performance.now() - begin);
    placed = found.steps.filter(({ op }) => op.kind === 'assignTask').length;
  }
  const ms = median(times);
  const rate = Math.round((count / ms) * 1000);
  return [
    one.name,
    String(nodes.length),
    String(count),
    String(placed),
    ms.toFixed(1),
    one.tasks === 1 ? '' : rate.toLocaleString('en'),
  ];
}

const rows = CASES.flatMap((one) => [5, 500, 5000].map((count) => run(one, nodesOf(count))));
printTable([['case', 'nodes', 'tasks', 'placed', 'ms', 'a second'], ...rows], [0]);

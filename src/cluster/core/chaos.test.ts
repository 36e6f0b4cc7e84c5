// Whatever happens to nodes and services: when it is over, all runs that can, the rest says why, and nothing is left to do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Mode, printPlan } from './index.ts';
import { aNode, aService, ROLLOUT, Simulator } from './testing.ts';

type Event = {
  readonly kind: 'down' | 'up' | 'drain' | 'activate' | 'update' | 'scale' | 'wait';
  readonly number: number;
};

const KINDS: readonly Event['kind'][] = ['down', 'up', 'drain', 'activate', 'update', 'scale', 'wait'];
const events = fc.array(fc.record({ kind: fc.constantFrom(...KINDS), number: fc.integer({ min: 0, max: 5 }) }), {
  maxLength: 12,
});
const modes = fc.constantFrom<Mode>({ kind: 'replicated', replicas: 4 }, { kind: 'global' });

function happen(sim: Simulator, { kind, number }: Event, count: number): void {
  const id = `n${number % 4}`;
  if (kind === 'down') sim.setNode(id, { state: 'down', downAt: sim.now, fencedAt: sim.now + 2000 });
  if (kind === 'up') sim.setNode(id, { state: 'ready', downAt: undefined, fencedAt: undefined });
  if (kind === 'drain') sim.setNode(id, { availability: 'drain' });
  if (kind === 'activate') sim.setNode(id, { availability: 'active' });
  if (kind === 'update') sim.update('web', `r${count + 2}`);
  if (kind === 'scale' && sim.service('web').mode.kind === 'replicated')
    sim.setService('web', { mode: { kind: 'replicated', replicas: number } });
  sim.run(number * 700, 350);
}

test('a service comes to rest', () => {
  fc.assert(
    fc.property(
      events,
      modes,
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 0, max: 2 }),
      (all, mode, fence, startFirst, most) => {
        // start-first on nodes that are full by it waits, with a reason
        const maxPerNode = startFirst ? 0 : most;
        const nodes = ['n0', 'n1', 'n2', 'n3'].map((id) => aNode(id));
        const update = {
          ...ROLLOUT,
          parallelism: 2,
          monitor: 1000,
          order: startFirst ? 'start-first' : 'stop-first',
        } as const;
        const sim = new Simulator(nodes, [aService('web', { mode, fence, update, placement: { maxPerNode } })], () => ({
          prepare: 300,
          start: 300,
          stop: 400,
        }));
        sim.tick();
        all.forEach((event, count) => {
          happen(sim, event, count);
        });
        sim.run(30_000, 500);
        assert.equal(printPlan(sim.plan('web')), '');
        const open = [...sim.world.nodes.values()].filter(
          ({ state, availability }) => state === 'ready' && availability === 'active',
        );
        const { mode: now, revision, updateStatus } = sim.service('web');
        const wanted = now.kind === 'replicated' ? now.replicas : open.length;
        const active = sim
          .tasksOf('web')
          .filter(({ desired, state }) => desired === 'running' && (state === 'running' || state === 'pending'));
        assert.equal(active.length, wanted);
        for (const task of active) {
          assert.equal(task.revision, revision);
          if (task.state === 'pending') assert.match(task.error ?? '', /^no suitable node/);
          else assert.ok(open.some(({ id }) => id === task.nodeId));
        }
        const placeable =
          maxPerNode === 0 ? (open.length > 0 ? wanted : 0) : Math.min(wanted, open.length * maxPerNode);
        assert.equal(active.filter(({ state }) => state === 'running').length, placeable);
        if (placeable === wanted && updateStatus) assert.equal(updateStatus.state, 'completed');
      },
    ),
    { numRuns: 60 },
  );
});

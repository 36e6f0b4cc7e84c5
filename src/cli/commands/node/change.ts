// `node update`, `promote`, `demote`, `rm`: what a machine is in the cluster.
import type { Client } from '../../../client/index.ts';
import { type Context, command } from '../../session/context.ts';
import { atLeast, exactly, flag } from '../../grammar/index.ts';
import { forEach, SILENT } from '../shared/batch.ts';
import type { NodeSummary } from './ls.ts';

type Spec = NodeSummary['Spec'];

async function change(client: Client, reference: string, next: (spec: Spec) => Spec): Promise<boolean> {
  const { ID, Version, Spec } = await client.json<NodeSummary>('NodeInspect', { params: { id: reference } });
  const json = next(Spec);
  if (json === Spec) return false;
  await client.text('NodeUpdate', { params: { id: ID }, query: { version: Version.Index }, json });
  return true;
}

function toRole(role: 'manager' | 'worker', done: string, already: string) {
  return async (context: Context, names: readonly string[]): Promise<number> => {
    await forEach(context, names, async (name) => {
      const changed = await change(context.client, name, (spec) =>
        spec.Role === role ? spec : { ...spec, Role: role },
      );
      context.out(changed ? `${done.replace('NODE', name)}\n` : `Node ${name} is already a ${already}.\n`);
      return SILENT;
    });
    return 0;
  };
}

const toManager = toRole('manager', 'Node NODE promoted to a manager in the swarm.', 'manager');
const toWorker = toRole('worker', 'Manager NODE demoted in the swarm.', 'worker');

export const promote = command({
  use: 'NODE [NODE...]',
  description: 'Promote one or more nodes to manager in the swarm',
  args: atLeast(1),
  flags: {},
  run: (context, { args }) => toManager(context, args),
});

export const demote = command({
  use: 'NODE [NODE...]',
  description: 'Demote one or more nodes from manager in the swarm',
  args: atLeast(1),
  flags: {},
  run: (context, { args }) => toWorker(context, args),
});

export const update = command({
  use: '[OPTIONS] NODE',
  description: 'Update a node',
  args: exactly(1),
  flags: {
    availability: flag.string('', 'Availability of the node ("active", "pause", "drain")'),
    'label-add': flag.map('', 'Add or update a node label ("key=value")'),
    'label-rm': flag.list('', 'Remove a node label if exists'),
    role: flag.string('', 'Role of the node ("worker", "manager")'),
  },
  async run(context, { flags, args: [name = ''] }) {
    await change(context.client, name, (spec) => {
      const labels = { ...spec.Labels, ...Object.fromEntries(flags['label-add']) };
      const kept = Object.entries(labels).filter(([key]) => !flags['label-rm'].includes(key));
      return {
        ...spec,
        ...(flags.availability === '' ? {} : { Availability: flags.availability }),
        ...(flags.role === '' ? {} : { Role: flags.role }),
        Labels: Object.fromEntries(kept),
      };
    });
    context.out(`${name}\n`);
    return 0;
  },
});

export const rm = command({
  use: '[OPTIONS] NODE [NODE...]',
  description: 'Remove one or more nodes from the swarm',
  aliases: 'docker node rm, docker node remove',
  args: atLeast(1),
  flags: { force: flag.bool('f', 'Force remove a node from the swarm') },
  async run(context, { flags, args }) {
    await forEach(context, args, (id) =>
      context.client.text('NodeDelete', { params: { id }, query: { force: flags.force } }),
    );
    return 0;
  },
});

// What stands before the lines of a service's log: names of what there was when it was asked for, and of tasks that came later.
import { BerthError } from '../../../base/errors.ts';
import type { Client } from '../../../client/index.ts';
import type { NodeSummary } from '../node/ls.ts';
import { lineHead } from './log-lines.ts';
import type { ServiceSummary } from './ls.ts';

interface SeenTask {
  readonly ID: string;
  readonly Slot?: number;
}

interface Shown {
  readonly 'no-resolve': boolean;
  readonly 'no-task-ids': boolean;
  readonly 'no-trunc': boolean;
}

export type Heads = (details: ReadonlyMap<string, string>) => Promise<string>;

export async function headsOf(client: Pick<Client, 'json'>, flags: Shown): Promise<Heads> {
  const [nodes, services, tasks] = await Promise.all([
    client.json<NodeSummary[]>('NodeList'),
    client.json<ServiceSummary[]>('ServiceList'),
    client.json<SeenTask[]>('TaskList'),
  ]);
  const names = {
    nodes: new Map(nodes.map(({ ID, Description }) => [ID, Description.Hostname])),
    services: new Map(services.map(({ ID, Spec }) => [ID, Spec.Name])),
    slots: new Map(tasks.map(({ ID, Slot }) => [ID, Slot])),
  };
  const options = { resolves: !flags['no-resolve'], hasIds: !flags['no-task-ids'], cuts: !flags['no-trunc'] };
  return async (details) => {
    const task = details.get('task.id');
    if (task !== undefined && !names.slots.has(task)) names.slots.set(task, await slotOf(client, task));
    return lineHead(details, names, options);
  };
}

/** Undefined for a task that is gone again. */
async function slotOf(client: Pick<Client, 'json'>, id: string): Promise<number | undefined> {
  try {
    return (await client.json<SeenTask>('TaskInspect', { params: { id } })).Slot;
  } catch (error) {
    if (error instanceof BerthError && error.kind === 'notFound') return undefined;
    throw error;
  }
}

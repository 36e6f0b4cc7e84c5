// A plan applied to the values that it was made from: what the store looks like after it. Applying it twice is applying it once. Pure.
import { rank } from './states.ts';
import type { Step } from './steps.ts';
import type { DesiredState, Node, Service, Task } from './types.ts';

export interface World {
  readonly services: ReadonlyMap<string, Service>;
  readonly tasks: ReadonlyMap<string, Task>;
  readonly nodes: ReadonlyMap<string, Node>;
}

const DESIRED: readonly DesiredState[] = ['ready', 'running', 'complete', 'shutdown', 'remove'];

export function apply(world: World, steps: readonly Step[], now: number): World {
  const services = new Map(world.services);
  const tasks = new Map(world.tasks);
  const nodes = new Map(world.nodes);
  const task = (id: string, change: (old: Task) => Task): void => {
    const old = tasks.get(id);
    if (old) tasks.set(id, change(old));
  };
  const service = (id: string, change: (old: Service) => Service): void => {
    const old = services.get(id);
    if (old) services.set(id, change(old));
  };
  for (const { op } of steps) {
    switch (op.kind) {
      case 'createTask': {
        const owner = services.get(op.serviceId);
        if (tasks.has(op.id) || owner === undefined) break;
        const { kind: _, ...fields } = op;
        tasks.set(op.id, {
          ...fields,
          state: 'pending',
          createdAt: now,
          stateAt: now,
          needs: owner.needs,
          priority: owner.priority,
        });
        break;
      }
      case 'setDesired':
        task(op.taskId, (old) =>
          DESIRED.indexOf(op.desired) > DESIRED.indexOf(old.desired) ? { ...old, desired: op.desired } : old,
        );
        break;
      case 'setState':
        task(op.taskId, (old) =>
          rank(op.state) > rank(old.state) ? { ...old, state: op.state, stateAt: now, error: op.error } : old,
        );
        break;
      case 'assignTask':
        task(op.taskId, (old) =>
          rank(old.state) < rank('assigned')
            ? { ...old, nodeId: op.nodeId, state: 'assigned', stateAt: now, error: undefined }
            : old,
        );
        break;
      case 'setPending':
        task(op.taskId, (old) => ({ ...old, error: op.reason }));
        break;
      case 'deleteTask':
        tasks.delete(op.taskId);
        break;
      case 'setUpdateStatus':
        service(op.serviceId, (old) => ({ ...old, updateStatus: op.status }));
        break;
      case 'rollbackService':
        // with no previous revision it was rolled back before
        service(op.serviceId, (old) =>
          old.previousRevision === undefined
            ? old
            : { ...old, revision: old.previousRevision, previousRevision: undefined, updateStatus: op.status },
        );
        break;
      case 'startJob':
        service(op.serviceId, (old) => ({ ...old, job: { iteration: op.iteration, lastExecution: op.at } }));
        break;
      case 'skipJob':
        service(op.serviceId, (old) => ({ ...old, job: { iteration: old.job?.iteration ?? 0, lastExecution: op.at } }));
        break;
      case 'setNodeState': {
        const old = nodes.get(op.nodeId);
        if (old)
          nodes.set(op.nodeId, {
            ...old,
            state: op.state,
            downAt: op.state === 'down' ? (old.downAt ?? now) : undefined,
          });
        break;
      }
      case 'scaleService':
        service(op.serviceId, (old) =>
          old.mode.kind === 'replicated' ? { ...old, mode: { ...old.mode, replicas: op.replicas } } : old,
        );
        break;
    }
  }
  return { services, tasks, nodes };
}

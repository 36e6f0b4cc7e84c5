// Which tasks must leave their node: it is lost, drained, or no longer what their constraints ask for. Pure.
import { disruptionBudget } from '../model/budget.ts';
import { type Constraint, meets, parseConstraints } from '../model/constraint.ts';
import { UNMET } from './restart.ts';
import { type Nodes, isLost } from '../model/slots.ts';
import { isActive } from '../model/states.ts';
import type { Step } from '../model/steps.ts';
import type { Service, Task } from '../model/types.ts';

export interface Eviction {
  readonly task: Task;
  readonly steps: readonly Step[];
  readonly cause: string;
}

export function constraintsOf(service: Service): readonly Constraint[] {
  const parsed = parseConstraints(service.placement.constraints ?? []);
  // they were checked when the service was made; as with Swarm, what is none is none
  return 'error' in parsed ? [] : parsed.constraints;
}

export function evictions(service: Service, tasks: readonly Task[], nodes: Nodes): readonly Eviction[] {
  const constraints = constraintsOf(service);
  let drainable = drainBudget(service, tasks);
  return tasks.filter(isActive).flatMap((task): Eviction[] => {
    if (task.nodeId === undefined) return [];
    const node = nodes.get(task.nodeId);
    if (node === undefined || isLost(task, nodes))
      return [shutDown(task, `node ${node?.hostname ?? task.nodeId} is ${node?.state ?? 'gone'}`)];
    if (node.availability === 'drain') {
      if (drainable <= 0) return [];
      drainable -= 1;
      return [shutDown(task, `node ${node.hostname} is drained`)];
    }
    if (meets(node, constraints)) return [];
    const rejected: Step = { op: { kind: 'setState', taskId: task.id, state: 'rejected', error: UNMET }, cause: UNMET };
    const { steps } = shutDown(task, UNMET);
    return [{ task, steps: [rejected, ...steps], cause: UNMET }];
  });
}

function shutDown(task: Task, cause: string): Eviction {
  return { task, steps: [{ op: { kind: 'setDesired', taskId: task.id, desired: 'shutdown' }, cause }], cause };
}

/** How many may leave a drained node now. */
function drainBudget(service: Service, tasks: readonly Task[]): number {
  return service.maxUnavailable === undefined ? Number.POSITIVE_INFINITY : disruptionBudget(service, tasks);
}

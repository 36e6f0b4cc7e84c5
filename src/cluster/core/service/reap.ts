// Which tasks of the past are forgotten, and which are given up with their node. Pure.
import { type Nodes, isJob, slotsOf } from '../model/slots.ts';
import { hasEnded, isWanted, rank } from '../model/states.ts';
import type { Plan, Step } from '../model/steps.ts';
import type { Service, Task } from '../model/types.ts';

/** A task of a node that was down for so long is orphaned: nobody waits for its end any more. */
const ORPHANED_MS = 24 * 3600_000;

/** `limit`: tasks kept in a slot with the running one; less than 0: all. With attempts N it is N+1, for they are counted by them. */
export function reap(service: Service, tasks: readonly Task[], limit: number): Plan {
  const steps: Step[] = tasks.flatMap((task): Step[] => {
    if (isWanted(task)) return [];
    if (task.desired === 'remove' && hasEnded(task)) return [remove(task.id, 'it was to be removed, and has ended')];
    // no agent will say what became of a task that never had one
    if (rank(task.state) >= rank('assigned')) return [];
    const error = 'it was never placed';
    return task.desired === 'remove'
      ? [remove(task.id, error)]
      : [{ op: { kind: 'setState', taskId: task.id, state: 'shutdown', error: '' }, cause: error }];
  });
  const kept = service.restart.maxAttempts > 0 ? service.restart.maxAttempts + 1 : limit;
  if (kept < 0) return { steps };
  const present = tasks.filter(({ desired }) => desired !== 'remove');
  const groups = isJob(service) ? iterations(present) : [present];
  for (const group of groups) {
    for (const { tasks: members } of slotsOf(service, group).values()) {
      const surplus = members.length - kept;
      const last = members.at(-1);
      for (const task of members.slice(0, Math.max(0, surplus))) {
        // the last one says what became of the slot
        if (task !== last && hasEnded(task) && !isWanted(task))
          steps.push(remove(task.id, `more than ${kept} tasks in its slot`));
      }
    }
  }
  return { steps };
}

/** Of a service that is no more, everything that has ended. */
export function reapServiceless(tasks: readonly Task[]): Plan {
  return { steps: tasks.filter(hasEnded).map(({ id }) => remove(id, 'its service is gone')) };
}

export function orphan(tasks: readonly Task[], nodes: Nodes, now: number): Plan {
  return {
    steps: tasks
      .filter((task) => !hasEnded(task) && !isWanted(task) && task.nodeId !== undefined)
      .flatMap((task): Step[] => {
        const node = nodes.get(task.nodeId ?? '');
        const isDown =
          node === undefined ||
          (node.state === 'down' && node.downAt !== undefined && now - node.downAt >= ORPHANED_MS);
        if (!isDown) return [];
        const error = node === undefined ? 'its node is gone' : 'its node was down for 24 hours';
        return [{ op: { kind: 'setState', taskId: task.id, state: 'orphaned', error }, cause: error }];
      }),
  };
}

function iterations(tasks: readonly Task[]): readonly (readonly Task[])[] {
  return [...Map.groupBy(tasks, ({ iteration }) => iteration ?? 0).values()];
}

function remove(taskId: string, cause: string): Step {
  return { op: { kind: 'deleteTask', taskId }, cause };
}

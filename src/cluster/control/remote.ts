// Which node has the container that a task's name or id stands for, and a connection to that node's API.
import type { Duplex } from 'node:stream';
import { containerNameOf } from '../agent/container.ts';
import type { Cluster } from '../member/cluster.ts';
import { stateOrder, type Task } from '../model/objects.ts';
import { taskName } from './tasks.ts';

export interface TaskPlace {
  readonly node: string;
  readonly container: string;
  readonly isHere: boolean;
}

export class RemoteControl {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** By the container's name or id, `web.2`, or the beginning of the task's id; undefined where no manager is, or no such task has a container. */
  find(reference: string): TaskPlace | undefined {
    const { identity } = this.#cluster;
    if (identity?.manager === undefined || reference.length === 0) return undefined;
    const tasks = this.#cluster.manager.cache.all('tasks').filter(({ Status }) => Status.ContainerStatus?.ContainerID);
    const fits = (test: (task: Task) => boolean): Task | undefined => newest(tasks.filter(test));
    const task =
      fits((one) => one.ID === reference || containerNameOf(one) === reference) ??
      fits((one) => taskName(one) === reference || containerId(one) === reference) ??
      fits((one) => containerNameOf(one).startsWith(reference) && reference.split('.').length === 3) ??
      only(
        tasks.filter(
          (one) => one.ID.startsWith(reference) || (reference.length >= 4 && containerId(one).startsWith(reference)),
        ),
      );
    if (!task) return undefined;
    return { node: task.NodeID ?? '', container: containerId(task), isHere: task.NodeID === identity.node };
  }

  connect(node: string): Promise<Duplex> {
    return this.#cluster.manager.tunnel(node);
  }
}

const containerId = ({ Status }: Task): string => Status.ContainerStatus?.ContainerID ?? '';

/** One that runs before one that has ended, the younger before the older. */
function newest(tasks: readonly Task[]): Task | undefined {
  const isRunning = ({ Status }: Task): number => (stateOrder(Status.State) === stateOrder('running') ? 1 : 0);
  return tasks.toSorted((a, b) => isRunning(b) - isRunning(a) || (a.CreatedAt < b.CreatedAt ? 1 : -1))[0];
}

function only(tasks: readonly Task[]): Task | undefined {
  return tasks.length === 1 ? tasks[0] : undefined;
}

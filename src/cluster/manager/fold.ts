// From the steps of a plan to the objects as they are to be written. Pure.
import type * as core from '../core/index.ts';
import { type ClusterNode, keys, type Service, stateOrder, type Task } from '../model/objects.ts';
import type { Held } from './cache.ts';
import { modelStatus, timeText } from './translate.ts';

/** A map, or a map over another that stays as it is. */
export interface Table<T> {
  get(id: string): Held<T> | undefined;
  set(id: string, object: Held<T>): unknown;
  has(id: string): boolean;
  delete(id: string): boolean;
}

export interface Objects {
  readonly services: Table<Service>;
  readonly tasks: Table<Task>;
  readonly nodes: Table<ClusterNode>;
}

/** What the last reasons of a task tell; older ones are history. */
const REASONS = 8;

/** Changes `objects`; gives the keys of what was changed. */
export function fold(objects: Objects, steps: readonly core.Step[], now: number): Set<string> {
  const { services, tasks, nodes } = objects;
  const changed = new Set<string>();
  const time = timeText(now);
  const put = <T>(table: Table<T>, id: string, change: (old: Held<T>) => Partial<T> | undefined): void => {
    const old = table.get(id);
    const difference = old && change(old);
    if (!old || !difference) return;
    table.set(id, { ...old, ...difference });
    changed.add(old.key);
  };
  const reason = ({ Reasons = [] }: Task, cause: string): { Reasons: readonly string[] } => ({
    Reasons: [...Reasons, `${time.slice(0, 19)}Z ${cause}`].slice(-REASONS),
  });
  for (const { op, cause } of steps) {
    switch (op.kind) {
      case 'createTask': {
        const service = services.get(op.serviceId);
        if (!service || tasks.has(op.id)) break;
        const task = newTask(service, op, cause, time);
        tasks.set(op.id, task);
        changed.add(task.key);
        break;
      }
      case 'setDesired':
        put<Task>(tasks, op.taskId, (task) =>
          stateOrder(op.desired) > stateOrder(task.DesiredState)
            ? { DesiredState: op.desired, ...reason(task, `to be ${op.desired}: ${cause}`) }
            : undefined,
        );
        break;
      case 'setState':
        put<Task>(tasks, op.taskId, (task) =>
          stateOrder(op.state) > stateOrder(task.Status.State)
            ? {
                Status: { ...task.Status, Timestamp: time, State: op.state, Err: op.error },
                ...reason(task, `${op.state}: ${cause}`),
              }
            : undefined,
        );
        break;
      case 'assignTask':
        put<Task>(tasks, op.taskId, (task) => ({
          NodeID: op.nodeId,
          Status: { Timestamp: time, State: 'assigned', Message: 'scheduler assigned task to node' },
          ...reason(task, `on ${nodes.get(op.nodeId)?.Description.Hostname ?? op.nodeId}: ${cause}`),
        }));
        break;
      case 'setPending':
        put<Task>(tasks, op.taskId, (task) =>
          task.Status.Err === op.reason
            ? undefined
            : {
                Status: { ...task.Status, Message: 'pending task scheduling', Err: op.reason },
                ...reason(task, `waits: ${cause}`),
              },
        );
        break;
      case 'deleteTask': {
        const task = tasks.get(op.taskId);
        if (task && tasks.delete(op.taskId)) changed.add(task.key);
        break;
      }
      case 'setUpdateStatus':
        put<Service>(services, op.serviceId, () => ({ UpdateStatus: modelStatus(op.status) }));
        break;
      case 'rollbackService':
        put<Service>(services, op.serviceId, ({ PreviousSpec, PreviousPullAuth }) =>
          PreviousSpec
            ? {
                Spec: PreviousSpec,
                PreviousSpec: undefined,
                PullAuth: PreviousPullAuth,
                PreviousPullAuth: undefined,
                UpdateStatus: modelStatus(op.status),
              }
            : undefined,
        );
        break;
      case 'startJob':
        put<Service>(services, op.serviceId, () => ({
          JobStatus: { JobIteration: { Index: op.iteration }, LastExecution: timeText(op.at) },
        }));
        break;
      case 'skipJob':
        put<Service>(services, op.serviceId, ({ JobStatus }) => ({
          JobStatus: { JobIteration: JobStatus?.JobIteration ?? { Index: 0 }, LastExecution: timeText(op.at) },
        }));
        break;
      case 'setNodeState':
        put<ClusterNode>(nodes, op.nodeId, ({ Status }) =>
          Status.State === op.state
            ? undefined
            : { Status: { ...Status, State: op.state, Since: time, Message: op.state === 'ready' ? '' : cause } },
        );
        break;
      case 'scaleService':
        put<Service>(services, op.serviceId, ({ Spec }) =>
          Spec.Mode.Replicated ? { Spec: { ...Spec, Mode: { Replicated: { Replicas: op.replicas } } } } : undefined,
        );
        break;
    }
  }
  return changed;
}

function newTask(service: Service, op: core.Ops['createTask'], cause: string, time: string): Held<Task> {
  const { Spec } = service;
  return {
    key: keys.task(service.ID, op.id),
    ID: op.id,
    Version: { Index: 0 },
    CreatedAt: time,
    UpdatedAt: time,
    ServiceID: service.ID,
    Labels: {},
    Annotations: { Name: Spec.Name, Labels: {} },
    Spec: Spec.TaskTemplate,
    SpecVersion: service.SpecVersion,
    Revision: op.revision,
    ...(op.slot === undefined ? {} : { Slot: op.slot }),
    ...(op.nodeId === undefined ? {} : { NodeID: op.nodeId }),
    Status: { Timestamp: time, State: 'pending', Message: 'pending task scheduling' },
    DesiredState: op.desired,
    ...(service.Endpoint.Ports ? { Endpoint: { Ports: service.Endpoint.Ports } } : {}),
    ...(op.notBefore === undefined ? {} : { NotBefore: timeText(op.notBefore) }),
    ...(op.replaces === undefined ? {} : { Replaces: op.replaces }),
    ...(op.attempt === undefined ? {} : { Attempt: op.attempt }),
    ...(op.iteration === undefined ? {} : { JobIteration: { Index: op.iteration } }),
    Reasons: [`${time.slice(0, 19)}Z made: ${cause}`],
  };
}

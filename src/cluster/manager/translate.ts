// Between the objects of the Swarm API and the values that the core decides about, both ways. Pure.
import * as core from '../core/index.ts';
import { extensionsOf } from '../model/extensions.ts';
import type {
  ClusterNode,
  PortConfig,
  Service,
  ServiceMode,
  ServiceSpec,
  Task,
  TaskSpec,
  UpdateConfig,
  UpdateStatus,
} from '../model/objects.ts';

const SECOND_NS = 1e9;

function millis(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

function ms(nanos: number | undefined, otherwise: number): number {
  return (nanos ?? otherwise) / 1e6;
}

/** What asks for new tasks when it changes: the template, and what is published. */
export function specRevision(spec: ServiceSpec): string {
  return core.revisionOf({ ...spec.TaskTemplate, ports: spec.EndpointSpec?.Ports ?? [] });
}

export function hostPorts(ports: readonly PortConfig[] | undefined): string[] {
  return (ports ?? [])
    .filter(({ PublishMode, PublishedPort = 0 }) => PublishMode === 'host' && PublishedPort > 0)
    .map(({ PublishedPort, Protocol = 'tcp' }) => `${PublishedPort}/${Protocol}`);
}

function needsOf(template: TaskSpec, ports: readonly PortConfig[] | undefined): core.Needs {
  const { NanoCPUs, MemoryBytes } = template.Resources?.Reservations ?? {};
  return {
    ...(NanoCPUs ? { nanoCpus: NanoCPUs } : {}),
    ...(MemoryBytes ? { memoryBytes: MemoryBytes } : {}),
    ...(hostPorts(ports).length > 0 ? { hostPorts: hostPorts(ports) } : {}),
  };
}

function modeOf(mode: ServiceMode): core.Mode {
  if (mode.Global) return { kind: 'global' };
  if (mode.GlobalJob) return { kind: 'global-job' };
  if (mode.ReplicatedJob) {
    const total = mode.ReplicatedJob.TotalCompletions ?? mode.ReplicatedJob.MaxConcurrent ?? 1;
    return {
      kind: 'replicated-job',
      maxConcurrent: mode.ReplicatedJob.MaxConcurrent ?? total,
      totalCompletions: total,
    };
  }
  return { kind: 'replicated', replicas: mode.Replicated?.Replicas ?? 1 };
}

function rolloutPolicy(config: UpdateConfig | undefined): core.RolloutPolicy {
  return {
    parallelism: config?.Parallelism ?? 1,
    delay: ms(config?.Delay, 0),
    order: config?.Order ?? 'stop-first',
    monitor: ms(config?.Monitor || undefined, 5 * SECOND_NS),
    failureAction: config?.FailureAction ?? 'pause',
    maxFailureRatio: config?.MaxFailureRatio ?? 0,
  };
}

export function coreService(service: Service): core.Service {
  const { Spec, PreviousSpec, UpdateStatus } = service;
  const template = Spec.TaskTemplate;
  const { Placement, RestartPolicy } = template;
  const started = millis(UpdateStatus?.StartedAt);
  const { schedule, strategy, fence, priority, maxUnavailable } = extensionsOf(Spec.Labels).value;
  return {
    id: service.ID,
    name: Spec.Name,
    createdAt: millis(service.CreatedAt) ?? 0,
    mode: modeOf(Spec.Mode),
    revision: specRevision(Spec),
    ...(PreviousSpec ? { previousRevision: specRevision(PreviousSpec) } : {}),
    placement: {
      constraints: Placement?.Constraints ?? [],
      preferences: (Placement?.Preferences ?? []).flatMap(({ Spread }) => (Spread ? [Spread.SpreadDescriptor] : [])),
      maxPerNode: Placement?.MaxReplicas ?? 0,
      platforms: (Placement?.Platforms ?? []).map(({ OS, Architecture }) => ({ os: OS, arch: Architecture })),
      strategy,
    },
    schedule,
    fence,
    priority,
    maxUnavailable,
    needs: needsOf(template, Spec.EndpointSpec?.Ports),
    image: template.ContainerSpec?.Image,
    restart: {
      condition: RestartPolicy?.Condition ?? 'any',
      delay: ms(RestartPolicy?.Delay, 5 * SECOND_NS),
      maxAttempts: RestartPolicy?.MaxAttempts ?? 0,
      window: ms(RestartPolicy?.Window, 0),
    },
    update: rolloutPolicy(Spec.UpdateConfig),
    rollback: rolloutPolicy(Spec.RollbackConfig),
    ...(UpdateStatus && started !== undefined
      ? {
          updateStatus: {
            state: UpdateStatus.State,
            startedAt: started,
            completedAt: millis(UpdateStatus.CompletedAt),
            message: UpdateStatus.Message,
          },
        }
      : {}),
    ...(service.JobStatus
      ? {
          job: {
            iteration: service.JobStatus.JobIteration.Index,
            lastExecution: millis(service.JobStatus.LastExecution),
          },
        }
      : {}),
  };
}

export function coreTask(task: Task): core.Task {
  return {
    id: task.ID,
    serviceId: task.ServiceID,
    slot: task.Slot,
    nodeId: task.NodeID,
    desired: task.DesiredState as core.DesiredState,
    state: task.Status.State,
    revision: task.Revision,
    createdAt: millis(task.CreatedAt) ?? 0,
    stateAt: millis(task.Status.Timestamp) ?? 0,
    runningAt: millis(task.RunningAt),
    notBefore: millis(task.NotBefore),
    replaces: task.Replaces,
    attempt: task.Attempt,
    iteration: task.JobIteration?.Index,
    error: task.Status.Err,
    needs: needsOf(task.Spec, task.Endpoint?.Ports),
  };
}

/** What the leader alone knows of a node. */
export interface NodeFacts {
  readonly load?: core.Load | undefined;
  /** From then on, by the wall's clock, its fenced tasks have surely stopped. */
  readonly fencedAt?: number | undefined;
}

export function coreNode(node: ClusterNode, facts: NodeFacts = {}): core.Node {
  const { Description, Spec, Status } = node;
  return {
    id: node.ID,
    hostname: Description.Hostname,
    state: Status.State,
    availability: Spec.Availability,
    role: Spec.Role,
    address: Status.Addr,
    platform: { os: Description.Platform.OS, arch: Description.Platform.Architecture },
    labels: Spec.Labels,
    engineLabels: Description.Engine.Labels,
    resources: { nanoCpus: Description.Resources.NanoCPUs, memoryBytes: Description.Resources.MemoryBytes },
    load: facts.load,
    fencedAt: facts.fencedAt,
    downAt: Status.State === 'down' ? (millis(Status.Since) ?? millis(node.UpdatedAt)) : undefined,
  };
}

export function modelStatus(status: core.UpdateStatus): UpdateStatus {
  return {
    State: status.state,
    StartedAt: timeText(status.startedAt),
    ...(status.completedAt === undefined ? {} : { CompletedAt: timeText(status.completedAt) }),
    Message: status.message,
  };
}

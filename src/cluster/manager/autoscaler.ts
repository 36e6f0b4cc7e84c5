// What tasks were measured to use, as series of their services, and what follows from it. The series are in memory: a new leader measures anew.
import { steadyNow } from '../../base/steady.ts';
import * as core from '../core/index.ts';
import type { Service, Task } from '../model/objects.ts';
import { extensionsOf } from '../model/extensions.ts';
import type { NodeLoad, Usage } from '../wire/messages.ts';

/** One sample a service at most so often, milliseconds. */
const SAMPLE_MS = 2000;
/** What a task used that long ago says nothing any more. */
const FRESH_MS = 8000;
/** An hour of samples. */
export const MAX_SAMPLES = 1800;

interface Measured {
  readonly at: number;
  readonly cpus: number;
  readonly bytes: number;
}

export class Autoscaler {
  readonly #usage = new Map<string, Measured>();
  /** By service and metric. */
  readonly #series = new Map<string, Map<string, core.Sample[]>>();
  readonly loads = new Map<string, NodeLoad>();
  readonly #clock: () => number;

  constructor(clock: () => number = steadyNow) {
    this.#clock = clock;
  }

  record(node: string, load: NodeLoad | undefined, usage: readonly Usage[]): void {
    if (load) this.loads.set(node, load);
    const at = this.#clock();
    for (const [task, cpus, bytes] of usage) this.#usage.set(task, { at, cpus, bytes });
  }

  /** Steps that scale, and when the next sample is due. */
  plan(services: Iterable<Service>, tasksOf: (service: string) => readonly Task[]): core.Plan {
    const now = this.#clock();
    const steps: core.Step[] = [];
    const scaled = new Set<string>();
    for (const service of services) {
      const policies = policiesOf(service);
      if (policies.length === 0) continue;
      scaled.add(service.ID);
      const tasks = tasksOf(service.ID).filter(({ Status }) => Status.State === 'running');
      const { replicas, decision } = this.#decide(service, policies, tasks, now);
      if (replicas !== wanted(service))
        steps.push({ op: { kind: 'scaleService', serviceId: service.ID, replicas }, cause: decision.cause });
    }
    for (const id of this.#series.keys()) if (!scaled.has(id)) this.#series.delete(id);
    for (const [task, { at }] of this.#usage) if (now - at > FRESH_MS) this.#usage.delete(task);
    return scaled.size === 0 ? { steps } : { steps, wakeAt: Date.now() + SAMPLE_MS };
  }

  #decide(
    service: Service,
    policies: readonly core.AutoscalePolicy[],
    tasks: readonly Task[],
    now: number,
  ): { replicas: number; decision: core.AutoscaleDecision } {
    const all = policies.map((policy) => {
      const series = this.#sampled(service, policy, tasks, now);
      return core.autoscale(series, policy, wanted(service), now);
    });
    const [first, ...others] = all;
    if (!first) return { replicas: wanted(service), decision: { replicas: wanted(service), cause: '', sums: [] } };
    const decision = others.reduce((most, one) => (one.replicas > most.replicas ? one : most), first);
    return { replicas: decision.replicas, decision };
  }

  #sampled(
    service: Service,
    policy: core.AutoscalePolicy,
    tasks: readonly Task[],
    now: number,
  ): readonly core.Sample[] {
    const metrics = this.#series.get(service.ID) ?? new Map<string, core.Sample[]>();
    this.#series.set(service.ID, metrics);
    const series = metrics.get(policy.metric) ?? [];
    metrics.set(policy.metric, series);
    if (now - (series.at(-1)?.at ?? 0) < SAMPLE_MS - 50) return series;
    const values = tasks.flatMap(({ ID }) => {
      const used = this.#usage.get(ID);
      if (!used || now - used.at > FRESH_MS) return [];
      return [policy.metric === 'cpu %' ? (100 * used.cpus) / processorsOf(service) : used.bytes];
    });
    series.push({
      at: now,
      value: values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length,
      tasks: values.length,
      replicas: wanted(service),
    });
    if (series.length > MAX_SAMPLES) series.shift();
    return series;
  }

  /** The sums of what is decided now, for people; and the series, to be decided again. */
  explain(service: Service): {
    readonly text: string;
    readonly series: Readonly<Record<string, readonly core.Sample[]>>;
  } {
    const now = this.#clock();
    const metrics = this.#series.get(service.ID) ?? new Map<string, core.Sample[]>();
    const lines = policiesOf(service).map((policy) => {
      const decision = core.autoscale(metrics.get(policy.metric) ?? [], policy, wanted(service), now);
      return core.explainAutoscale(`${service.Spec.Name} by ${policy.metric}`, wanted(service), decision);
    });
    return {
      text: lines.length === 0 ? `${service.Spec.Name} is not scaled by its load` : lines.join('\n'),
      series: Object.fromEntries(metrics),
    };
  }
}

function policiesOf({ Spec }: Service): readonly core.AutoscalePolicy[] {
  return Spec.Mode.Replicated ? (extensionsOf(Spec.Labels).value.autoscale ?? []) : [];
}

const wanted = ({ Spec }: Service): number => Spec.Mode.Replicated?.Replicas ?? 1;

/** What 100 % is: what a task reserves, else what it may use, else one processor. */
function processorsOf({ Spec }: Service): number {
  const { Reservations, Limits } = Spec.TaskTemplate.Resources ?? {};
  return (Reservations?.NanoCPUs || Limits?.NanoCPUs || 1e9) / 1e9;
}

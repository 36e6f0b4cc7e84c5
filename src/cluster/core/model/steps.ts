// What is to be done, as data: each step with its cause, and the text that people and golden tests read. Pure.
import type { DesiredState, NodeState, TaskState, UpdateStatus } from './types.ts';

export interface Ops {
  /** The id is part of the plan, so that a plan that is applied twice makes one task. */
  createTask: {
    readonly id: string;
    readonly serviceId: string;
    readonly slot?: number | undefined;
    readonly nodeId?: string | undefined;
    readonly desired: DesiredState;
    readonly revision: string;
    readonly notBefore?: number | undefined;
    readonly replaces?: string | undefined;
    readonly attempt?: number | undefined;
    readonly iteration?: number | undefined;
  };
  setDesired: { readonly taskId: string; readonly desired: DesiredState };
  /** The leader's own word on a state: rejected by a constraint, orphaned with its node. */
  setState: { readonly taskId: string; readonly state: TaskState; readonly error: string };
  assignTask: { readonly taskId: string; readonly nodeId: string };
  /** It stays pending, and says why. */
  setPending: { readonly taskId: string; readonly reason: string };
  deleteTask: { readonly taskId: string };
  setUpdateStatus: { readonly serviceId: string; readonly status: UpdateStatus };
  /** The previous specification becomes the present one. */
  rollbackService: { readonly serviceId: string; readonly status: UpdateStatus };
  startJob: { readonly serviceId: string; readonly iteration: number; readonly at: number };
  /** A run of a schedule that is passed over: remembered as if it had run. */
  skipJob: { readonly serviceId: string; readonly at: number };
  setNodeState: { readonly nodeId: string; readonly state: NodeState };
  scaleService: { readonly serviceId: string; readonly replicas: number };
}

export type OpKind = keyof Ops;
export type Op<K extends OpKind = OpKind> = { [P in K]: { readonly kind: P } & Ops[P] }[K];

export interface Step<K extends OpKind = OpKind> {
  readonly op: Op<K>;
  readonly cause: string;
}

export interface Plan {
  readonly steps: readonly Step[];
  /** Time alone changes nothing before; absent: not at all. */
  readonly wakeAt?: number | undefined;
}

/** One plan after the other; the earlier of their times. */
export function joinPlans(plans: readonly Plan[]): Plan {
  const times = plans.flatMap(({ wakeAt }) => (wakeAt === undefined ? [] : [wakeAt]));
  const steps = plans.flatMap((plan) => plan.steps);
  return times.length === 0 ? { steps } : { steps, wakeAt: Math.min(...times) };
}

/** One line a step: what, and why. */
export function printPlan({ steps }: Pick<Plan, 'steps'>): string {
  return steps.map(({ op, cause }) => `${printOp(op)} # ${cause}`).join('\n');
}

function printOp(op: Op): string {
  const { kind, ...rest } = op;
  const fields = Object.entries(rest).flatMap(([name, value]) =>
    value === undefined || (kind === 'createTask' && name === 'id') ? [] : [`${name}=${text(value)}`],
  );
  return [kind, ...fields].join(' ');
}

function text(value: unknown): string {
  return typeof value === 'string' && !/[\s"]/.test(value) ? value : JSON.stringify(value);
}

// The decisions of the cluster as functions of values: the core's face. Pure.
export { apply, type World } from './model/apply.ts';
export { meets, parseConstraints, type Constraint } from './model/constraint.ts';
export { scheduleProblem } from './service/cron.ts';
export { idOf, revisionOf } from './model/ids.ts';
export { nodeLife, nodeLifePolicy, type NodeLife, type NodeLifeFacts, type NodeLifePolicy } from './node-life.ts';
export { orchestrate } from './service/orchestrate.ts';
export { orphan, reap, reapServiceless } from './service/reap.ts';
export { reconcile } from './service/reconcile.ts';
export { restart, type RestartDecision } from './service/restart.ts';
export { rollout, type RolloutSignals } from './service/rollout.ts';
export { schedule, type Pending, type Schedule, type ScheduleSnapshot } from './schedule/schedule.ts';
export { nodeMap, type Nodes } from './model/slots.ts';
export { joinPlans, printPlan, type Op, type OpKind, type Ops, type Plan, type Step } from './model/steps.ts';
export type { Requests, Traffic } from './service/traffic.ts';
export type * from './model/types.ts';

// Many servers as one: what other folders see of the cluster. What it is made of is loaded when it is needed.
export { TASK_LABEL } from './agent/container.ts';
export { ClusterAccess } from './access.ts';
export type { ClusterControl } from './control/index.ts';
export type { Task as ClusterTask } from './model/objects.ts';

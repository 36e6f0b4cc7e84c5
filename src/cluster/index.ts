// Many servers as one: what other folders see of the cluster.
export type { Objects, Service, ServiceSpec, Task, TaskState } from './model.ts';

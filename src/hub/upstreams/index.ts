// Other registries and programs: pulls that go through to them, pushes that go on to them, and what they are told.
export { bring } from './bring.ts';
export { Follows } from './follows.ts';
export { Mirror } from './mirror.ts';
export { type Job, JobQueue } from './queue.ts';
export { listReplicas, removeReplica, Replicas, setReplica } from './replicas.ts';
export { splitAddress, Upstreams } from './upstreams.ts';
export { type HubEvent, Webhooks } from './webhooks.ts';

// The life of a container: what each state allows, and what every event changes.
export { startsWithDaemon } from './restart-policy.ts';
export {
  type ContainerStateRecord,
  freshState,
  hasProcess,
  isActive,
  isRestarting,
  type Phase,
  type ProcessIdentity,
  shownState,
  statusText,
} from './state.ts';
export { type Effect, type LifecycleEvent, transition } from './transition.ts';

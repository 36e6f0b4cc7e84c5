// Which states of a task mean that it lives, has ended, or ended by itself. Pure.
import type { Task } from './types.ts';

/** In this order only forwards. */
export const TASK_STATES = [
  'new',
  'pending',
  'assigned',
  'accepted',
  'preparing',
  'ready',
  'starting',
  'running',
  'complete',
  'shutdown',
  'failed',
  'rejected',
  'remove',
  'orphaned',
] as const;

export type TaskState = (typeof TASK_STATES)[number];

const RANK = new Map<TaskState, number>(TASK_STATES.map((state, rank) => [state, rank]));
const RUNNING = 7;

export function rank(state: TaskState): number {
  return RANK.get(state) ?? 0;
}

export function hasEnded({ state }: Task): boolean {
  return rank(state) > RUNNING;
}

/** It is to go on: nobody asked it to stop. */
export function isWanted({ desired }: Task): boolean {
  return desired === 'ready' || desired === 'running' || desired === 'complete';
}

/** Wanted, and not ended. */
export function isActive(task: Task): boolean {
  return isWanted(task) && !hasEnded(task);
}

/** A node was chosen for it. */
export function isPlaced({ state }: Task): boolean {
  return rank(state) >= 2;
}

/** It ended on its own, not because it was asked to. */
export function endedByItself({ state }: Task): boolean {
  return state === 'complete' || state === 'failed' || state === 'rejected';
}

/** Image, volumes and secrets are there. */
export function isPrepared({ state }: Task): boolean {
  return rank(state) >= 5;
}

/** When it ran or, if it never did, was last seen. */
export function ranFor({ runningAt, stateAt }: Task): number {
  return runningAt === undefined ? 0 : Math.max(0, stateAt - runningAt);
}

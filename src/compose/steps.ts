// The kinds of steps that a plan is made of, as data.
import type { ContainerSpec } from './create/container.ts';

/** Each kind of step and what it needs; `apply.ts` has an executor for each. */
export interface Ops {
  createNetwork: { readonly key: string; readonly name: string };
  removeNetwork: { readonly id: string; readonly name: string };
  connectNetwork: { readonly network: string; readonly id: string; readonly name: string };
  createVolume: { readonly key: string; readonly name: string };
  removeVolume: { readonly name: string };
  createContainer: { readonly spec: ContainerSpec };
  recreateContainer: { readonly spec: ContainerSpec; readonly old: Target; readonly timeout?: number };
  /** the new one beside the old one, which goes when it is healthy */
  rollContainer: { readonly spec: ContainerSpec; readonly old: Target; readonly timeout?: number };
  startContainer: { readonly service: string; readonly name: string };
  stopContainer: Target & { readonly timeout?: number };
  removeContainer: Target & { readonly volumes: boolean };
  /** a container that took another's place under a name of its own gets the name */
  renameContainer: Target & { readonly to: string };
  /** nothing is to be done, which people want to see */
  keepContainer: Target;
  waitFor: { readonly service: string; readonly name: string; readonly condition: string; readonly required: boolean };
}

export interface Target {
  readonly id: string;
  readonly name: string;
  readonly service: string;
}

export type OpKind = keyof Ops;
export type Op<K extends OpKind = OpKind> = { [P in K]: { readonly kind: P } & Ops[P] }[K];

export interface Step {
  readonly id: number;
  readonly op: Op;
  readonly cause: string;
  /** steps that must be done before */
  readonly after: readonly number[];
}

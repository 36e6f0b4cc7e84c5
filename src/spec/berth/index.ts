// What Berth's API has beyond Docker's.
export type { Explanation, ExplainStep, PublishedPort } from './network.ts';
export type { EndedStep } from './step.ts';
export type { ImageWaste, ImageWhy, LayerLine, StoreCheck } from './store.ts';
export { type ContractVariable, contractFaults, readContract } from './contract.ts';
export type { OverlayMember, OverlayService, OverlayState } from './overlay.ts';
export type {
  KeyValueChange,
  KeyValueChanges,
  KeyValueEntry,
  KeyValueLease,
  KeyValueList,
  RegisteredTask,
} from './kv.ts';

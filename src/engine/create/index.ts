// Requests that make or change a container, checked and completed without touching anything.
export { normaliseExec, type NormalisedExec } from './exec.ts';
export type { CgroupSupport, CreateFacts } from './facts.ts';
export { randomName, validateName } from './names.ts';
export { completeCreate, type CreateDraft, normaliseCreate, type NormalisedCreate, readCreate } from './normalise.ts';
export type { ParsedMounts, PlannedMount, VolumesFrom } from './parse-mounts.ts';
export { parseSignal, signalName } from './signals.ts';
export { normaliseUpdate, type NormalisedUpdate, type UpdateInput } from './update.ts';

// Requests that make or change a container, checked and completed without touching anything.
export { cleanPath } from './check-config.ts';
export { checkRestartPolicy } from './check-host.ts';
export { normaliseExec, type NormalisedExec } from './exec.ts';
export type { CgroupSupport, CreateFacts } from './facts.ts';
export { mergeImage } from './merge-image.ts';
export { isOwnNetwork, isUserNetwork, joinedContainer } from './modes.ts';
export { randomName, validateName } from './names.ts';
export { completeCreate, type CreateDraft, normaliseCreate, type NormalisedCreate, readCreate } from './normalise.ts';
export { type ParsedMounts, parseBind, parseMounts, type PlannedMount, type VolumesFrom } from './parse-mounts.ts';
export { parseSignal, signalName } from './signals.ts';
export { normaliseUpdate, type NormalisedUpdate, type UpdateInput } from './update.ts';

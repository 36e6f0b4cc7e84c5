// Requests that make or change a container, checked and completed without touching anything.
export { checkEndpoint, linksWithHostNetwork } from './check-network.ts';
export { checkExposed } from './check-ports.ts';
export type { ExecSpec } from './exec.ts';
export type { CgroupSupport, CreateFacts } from './facts.ts';
export { foreignWarnings } from './foreign.ts';
export { checkLogDefaults } from './log-options.ts';
export { validateName } from './names.ts';
export { checkSpec, completeCreate, type NormalisedCreate, normaliseCreate } from './normalise.ts';
export { isOwnNetwork, isUserNetwork } from './modes.ts';
export { type ContainerSpec, specFrom, specOf } from './spec.ts';
export type { ParsedMounts, PlannedMount, VolumesFrom } from './parse-mounts.ts';
export { parseSignal, signalName } from '../../base/signals.ts';
export { checkUpdate, normaliseUpdate, type UpdateSpec } from './update.ts';

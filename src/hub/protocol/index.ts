// The distribution protocol (OCI 1.1, and what Docker's registry has beyond it) over a storage.
export { ManifestCache } from './manifest-cache.ts';
export type { Action, ActionRecord, Call, Caller, PullThrough, PushRules, Registry } from './registry.ts';
export { REGISTRY_ROUTES, type RegistryRoute } from './routes.ts';

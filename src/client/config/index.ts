// What the client of a person knows: its config.json, credentials for registries, contexts.
export { asMeta, checkContextName, type ContextMeta, ContextStore, DEFAULT_CONTEXT } from './contexts.ts';
export { INDEX, registryOf } from '../../spec/docker/shorthand/reference.ts';
export { type Credentials, hostOf, RegistryCredentials } from './credentials.ts';
export { type ConfigFile, editConfig, readConfig } from './file.ts';
export { eraseWithHelper, storeWithHelper } from './helper.ts';

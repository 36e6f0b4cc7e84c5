// What the client of a person knows: its config.json, credentials for registries, contexts.
export { asMeta, checkContextName, type ContextMeta, ContextStore, DEFAULT_CONTEXT } from './contexts.ts';
export { type Credentials, hostOf, INDEX, RegistryCredentials, registryOf } from './credentials.ts';
export { type ConfigFile, editConfig, readConfig } from './file.ts';
export { eraseWithHelper, storeWithHelper } from './helper.ts';

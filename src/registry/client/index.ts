// Speaking to registries.
export { bestManifest, chooseManifest, isAttestation, platformOf } from './choose.ts';
export {
  type Document,
  type Fields,
  type IndexDocument,
  type ManifestDocument,
  parseDocument,
  readFields,
} from './document.ts';
export { login } from './login.ts';
export { Registries } from './registry.ts';
export type { Fetched, Remote, Upload } from './remote.ts';
export { search, type SearchResult } from './search.ts';
export { checkMirror, DEFAULT_SETTINGS, type RegistrySettings } from './settings.ts';
export type { Credentials } from './tokens.ts';
export { retrying } from './retry.ts';
export { NetworkError, networkError, RefusedError, waitBefore } from './refusal.ts';

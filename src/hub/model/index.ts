// Names, digests, manifests and errors of the distribution protocol, as values.
export { ALGORITHMS, type Algorithm, type BlobDigest, parseDigest } from './digest.ts';
export { blobMissing, type ErrorCode, type ErrorEntry, RegistryError } from './errors.ts';
export { INDEX_TYPES, type ManifestInfo, mediaTypeOf, type NamedBlob, readManifest } from './manifest.ts';
export { matchesPattern } from './pattern.ts';
export { checkDigest, checkName, checkReference, isRepositoryName, isTag, type Reference } from './names.ts';

// BuildKit's protocol over the builder, for Docker's own clients. Loaded when the first of them comes.
export {
  type CacheItem,
  type CachePrune,
  BuildKit,
  type BuildKitCache,
  type BuildKitOptions,
} from './control/buildkit.ts';

// BuildKit's protocol over the builder, for Docker's own clients. Loaded when the first of them comes.
export { type CacheItem, type CachePrune, Kit, type KitCache, type KitOptions } from './control/buildkit.ts';

// What the hub knows beside the bytes, in SQLite.
export { Catalog, type ManifestRow, type PushedManifest } from './catalog.ts';
export { openDatabase } from './database.ts';
export {
  Browser,
  type CollectionFacts,
  type ImageName,
  MAX_DESCRIPTION,
  MAX_README,
  type RepositoryFacts,
  type TagFacts,
} from './browse.ts';
export type { ImageFacts } from './index-image.ts';

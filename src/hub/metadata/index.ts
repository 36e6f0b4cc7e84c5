// What the hub knows beside the bytes, in SQLite.
export { Catalog, type ManifestRow } from './catalog.ts';
export { openDatabase } from './database.ts';

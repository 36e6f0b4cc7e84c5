// Images: what containers are made from. Everything that other folders use of them.
import type { Digest } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { EventSink, ImageUsers } from '../engine/ports.ts';
import { DEFAULT_SETTINGS, Registries } from '../registry/client/index.ts';
import { type ArchiveForm, openStore, type Records, type Store } from '../store/index.ts';
import { Catalog } from './catalog.ts';
import { Images } from './images.ts';
import { Transfers } from './pull/transfers.ts';
import { Sources } from './push/sources.ts';

export type { CommitOptions } from './commit.ts';
export { download } from './download.ts';
export type { Image } from './catalog.ts';
export { Images } from './images.ts';
export type { Inspected } from './inspect.ts';
export { describeRemote, remoteManifest, remoteTags } from './pull/describe.ts';
export { publish } from './push/publish.ts';
export { errorMessage, type Say, withProgress } from './progress.ts';
export {
  familiarName,
  familiarString,
  parseAnyReference,
  parseReference,
  type Reference,
  repoTagReference,
  withTagOrDigest,
  withTag,
} from './reference/index.ts';

/** Opens or makes the images below `root`. What was half done when the daemon last ended is cleaned up. */
export async function openImages(options: {
  root: string;
  log: Log;
  users: ImageUsers;
  events: EventSink;
  /** Where names and layers are remembered; `images.db` below the root when absent. */
  records?: Records;
  registries?: Registries;
  /** How layers that were made here are compressed for a registry; gzip unless said otherwise. */
  archiveForm?: ArchiveForm;
  /** Layers that others need: the build cache's. */
  keep?: (store: Store) => Iterable<Digest>;
}): Promise<Images> {
  const store = await openStore(options.root, options.log, options.records, options.archiveForm);
  const catalog = new Catalog(store, options.users, options.log, () => options.keep?.(store) ?? []);
  // not yet known which containers there are: removed images keep their layers
  catalog.collect(false);
  const registries = options.registries ?? new Registries(DEFAULT_SETTINGS);
  const transfers = new Transfers(store, registries.settings, options.log, () => catalog.collect(false));
  const sources = new Sources(store.records);
  const { users, events, log } = options;
  return new Images({ store, catalog, users, events, log, registries, transfers, sources });
}

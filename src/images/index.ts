// Images: what containers are made from. Everything that other folders use of them.
import type { Digest } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { EventSink, ImageUsers } from '../engine/container/ports.ts';
import { DEFAULT_SETTINGS, Registries } from '../registry/client/index.ts';
import type { Store } from '../store/index.ts';
import { Catalog } from './catalog/catalog.ts';
import { Images } from './images.ts';
import { Transfers } from './transfers/transfers.ts';
import { Sources } from './catalog/sources.ts';

export type { CommitOptions } from './commit.ts';
export { download } from './download.ts';
export type { Image } from './catalog/catalog.ts';
export { Images } from './images.ts';
export type { Inspected } from './inspect.ts';
export { describeRemote, remoteManifest, remoteTags } from './pull/describe.ts';
export { publish } from './push/publish.ts';
export { errorMessage, type Say, withProgress } from './catalog/progress.ts';
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

/** The images of an open store; those whose removal was half done are cleaned up. */
export function openImages(options: {
  readonly store: Store;
  readonly log: Log;
  readonly users: ImageUsers;
  readonly events: EventSink;
  readonly registries?: Registries;
  /** Layers that others need: the build cache's. */
  readonly keep?: () => Iterable<Digest>;
}): Images {
  const { store, users, events, log, keep = () => [] } = options;
  const catalog = new Catalog(store, users, log, keep);
  // not yet known which containers there are: removed images keep their layers
  catalog.collect(false);
  const registries = options.registries ?? new Registries(DEFAULT_SETTINGS);
  const transfers = new Transfers(store, registries.settings, log, () => catalog.collect(false));
  const sources = new Sources(store.records);
  return new Images({ store, catalog, users, events, log, registries, transfers, sources });
}

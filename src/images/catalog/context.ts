// What every verb on images works with.
import type { Log } from '../../base/log.ts';
import type { EventSink, ImageUsers } from '../../engine/container/ports.ts';
import type { Store } from '../../store/index.ts';
import type { Registries } from '../../registry/client/index.ts';
import type { Catalog, Image } from './catalog.ts';
import type { Transfers } from '../transfers/transfers.ts';
import type { Sources } from './sources.ts';

export interface ImageContext {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly users: ImageUsers;
  readonly events: EventSink;
  readonly log: Log;
  readonly registries: Registries;
  readonly transfers: Transfers;
  /** Which repositories are known to have a blob. */
  readonly sources: Sources;
}

/** Tells of something that happened to an image, with its labels, as dockerd does. */
export function emit(context: ImageContext, action: string, image: Image, name: string): void {
  context.events({ type: 'image', action, id: image.id, attributes: { ...image.file.config?.Labels, name } });
}

/** The same for what has happened under a name: the name is what the event is about. */
export function emitNamed(
  context: ImageContext,
  action: string,
  image: Image | undefined,
  id: string,
  name: string,
): void {
  context.events({ type: 'image', action, id, attributes: { ...image?.file.config?.Labels, name } });
}

// What every verb on images works with.
import type { Log } from '../base/log.ts';
import type { EventSink, ImageUsers } from '../engine/ports.ts';
import type { Store } from '../store/index.ts';
import type { Catalog, Image } from './catalog.ts';

export interface ImageContext {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly users: ImageUsers;
  readonly events: EventSink;
  readonly log: Log;
}

/** Tells of something that happened to an image, with its labels, as dockerd does. */
export function emit(context: ImageContext, action: string, image: Image, name: string): void {
  context.events({ type: 'image', action, id: image.id, attributes: { ...image.file.config?.Labels, name } });
}

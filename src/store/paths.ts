// Where everything of the image store lies on disk. Other files of the store ask here and join no paths themselves.
//
//   <root>/                      0700
//     images.db                  0600  names, images and layers (src/store/records), unless the daemon keeps them in its own
//     blobs/sha256/<64 hex>      0600  image configurations, and layers as they came compressed
//     l/<12 hex>/                      one unpacked layer, named by its chain ID; the overlay option string holds many of these
//     l/+<16 hex>/                     a layer that is being unpacked or thrown away; removed at the next start
//     seams/<12 hex>             0600  what gives the archive of that layer back, together with its directory
//     part/<64 hex>              0600  what came of a blob whose download broke off; it goes on from there
//     tmp/<16 hex>                     a blob or archive that is being written; removed at the next start
//     cache/                           what bootstrap fetched and may need again
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Digest } from '../base/ids.ts';

export interface StorePaths {
  readonly root: string;
  readonly database: string;
  readonly blobs: string;
  readonly layers: string;
  readonly tarSplit: string;
  readonly temporary: string;
  readonly partial: string;
  readonly cache: string;
  blob(digest: Digest): string;
  partialBlob(digest: Digest): string;
  layer(name: string): string;
  tarSplitOf(name: string): string;
  /** A new name for a layer in the making. */
  newLayer(): string;
  newTemporary(): string;
}

export const UNFINISHED = '+';

export function storePaths(root: string): StorePaths {
  const unique = (): string => randomBytes(8).toString('hex');
  return {
    root,
    database: join(root, 'images.db'),
    blobs: join(root, 'blobs', 'sha256'),
    layers: join(root, 'l'),
    tarSplit: join(root, 'seams'),
    temporary: join(root, 'tmp'),
    partial: join(root, 'part'),
    cache: join(root, 'cache'),
    blob: (digest) => join(root, 'blobs', 'sha256', digest.slice('sha256:'.length)),
    partialBlob: (digest) => join(root, 'part', digest.slice('sha256:'.length)),
    layer: (name) => join(root, 'l', name),
    tarSplitOf: (name) => join(root, 'seams', name),
    newLayer: () => join(root, 'l', UNFINISHED + unique()),
    newTemporary: () => join(root, 'tmp', unique()),
  };
}

// An image and its names, in memory and as they are kept.
import type { Digest } from '../../base/ids.ts';
import type { ImageFile } from '../../spec/oci/index.ts';
import type { Layer } from '../../store/index.ts';
import type { Reference } from '../reference/index.ts';

export interface Image {
  readonly id: Digest;
  readonly file: ImageFile;
  /** Chain IDs, lowest first. */
  readonly chains: readonly Digest[];
  /** The image that this one was committed from on this machine. */
  readonly parent?: Digest;
  /** When it last got a name, RFC 3339. */
  readonly tagged?: string;
  /** The manifest that it last came with, for names that have none of their own. */
  readonly manifest?: ManifestRef;
  /** The index that it last got a name with: the image stands for it. */
  readonly index?: Digest;
  /** It is here because an index that another image stands for names it. A name of its own makes it an image like others. */
  readonly part?: true;
}

/** What a name leads to. */
export interface Named extends ReferenceRecord {
  readonly reference: Reference;
}

/** What went with an image. */
export interface Removed {
  /** Images of its index that nothing else needed. */
  readonly parts: readonly Image[];
  /** Topmost first. */
  readonly layers: readonly Layer[];
}

export interface ManifestRef {
  readonly digest: Digest;
  readonly mediaType: string;
}

/** An image as it is kept. `removed`: it was deleted while containers still use its layers; nobody sees it any more. */
export interface ImageRecord {
  readonly parent?: Digest;
  readonly tagged?: string;
  readonly manifest?: ManifestRef;
  readonly index?: Digest;
  readonly part?: true;
  readonly removed?: true;
}

export interface ReferenceRecord extends Origin {
  readonly image: Digest;
}

/** The document that a name came with or was pushed as, which a push of it sends again. */
export interface Origin {
  readonly index?: Digest;
  /** Without an index. Images with one configuration can have several: layers that are compressed in another way. */
  readonly manifest?: ManifestRef;
}

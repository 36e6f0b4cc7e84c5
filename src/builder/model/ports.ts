// What the builder needs of images and networks, cut small.
import type { Digest } from '../../base/ids.ts';
import type { Descriptor, ImageFile, Platform } from '../../spec/oci/index.ts';
import type { Lease } from '../../store/index.ts';
import type { AttestationManifest } from './statement.ts';
import type { RegistryCredentials, Report } from './request.ts';

/** A base image that is here. */
export interface BaseImage {
  readonly id: Digest;
  readonly file: ImageFile;
  /** Chain IDs, lowest first. */
  readonly chains: readonly Digest[];
  /** Of one that has a manifest. */
  readonly manifest?: Digest;
}

export type Annotations = Readonly<Record<string, string>>;

/** How the archives of layers that are made for an image are compressed. */
export interface LayerPacking {
  readonly form: 'none' | 'gzip' | 'zstd';
  readonly level?: number;
  /** Also of layers that have an archive in another form. */
  readonly force: boolean;
}

export interface ManifestOptions {
  /** Docker's media types when false. */
  readonly oci: boolean;
  readonly packing?: LayerPacking | undefined;
  /** Archives are there for as long as the lease: they are for a file, and not for pushes that come later. */
  readonly passing: boolean;
  readonly annotations?: Annotations | undefined;
  /** Of its descriptor, where it is named. */
  readonly descriptorAnnotations?: Annotations | undefined;
}

/** One image of an index that a build makes, or the only one. */
export interface BuiltPart {
  readonly file: ImageFile;
  readonly parent: Digest | undefined;
  /** What is said of the image, whose manifest has this digest: goes into the index beside it. */
  readonly attest?: (manifest: Digest) => AttestationManifest | undefined;
  readonly manifest: ManifestOptions;
}

export interface BuiltIndex {
  /** Of the document that stands for all of it. */
  readonly index: Descriptor;
  /** The image that stands for it on this machine. */
  readonly id: Digest;
  /** In the order of the parts. */
  readonly images: readonly { readonly id: Digest; readonly manifest: Digest }[];
}

/** A blob that is given out: from a file, or as it stands. */
export interface CacheBlob {
  readonly digest: Digest;
  readonly size: number;
  readonly from: { readonly path: string } | { readonly bytes: Buffer };
}

/** Where a build cache is kept for others: content by digest, and a manifest that names it. What is read is not trusted. */
export interface CacheRemote {
  /** By its digest, or that which the place stands for. Throws notFound. */
  manifest(digest: Digest | undefined, signal: AbortSignal): Promise<Buffer>;
  blob(digest: Digest, signal: AbortSignal): AsyncIterable<Uint8Array>;
  has(digest: Digest, signal: AbortSignal): Promise<boolean>;
  put(blob: CacheBlob, signal: AbortSignal): Promise<void>;
  /** Last of all; everything that it names is there. */
  publish(manifest: Buffer, mediaType: string, signal: AbortSignal): Promise<void>;
}

export interface BuilderImages {
  /** A repository as a place for a build cache. Throws invalid for what is no name. */
  cache(reference: string, credentials: RegistryCredentials | undefined, signal: AbortSignal): Promise<CacheRemote>;
  /** One that is local; undefined when there is none of that name and platform. Throws invalid for what is no name. */
  find(reference: string, platform: Platform): BaseImage | undefined;
  /** The one image of an archive in OCI layout for this platform; stays without a name. */
  load(archive: AsyncIterable<Uint8Array>, platform: Platform, signal: AbortSignal): Promise<Digest>;
  /** Asks the registry, and answers what is then local. Throws unavailable or notFound in Docker's words. */
  pull(
    reference: string,
    options: {
      readonly platform: Platform;
      readonly credentials?: RegistryCredentials;
      readonly report: Report;
      readonly signal: AbortSignal;
    },
  ): Promise<BaseImage>;
  /** Makes an image of layers that the lease holds, under its names; the parent is the base image on this machine. */
  create(asked: {
    readonly file: ImageFile;
    readonly parent: Digest | undefined;
    readonly tags: readonly string[];
    /** What the build was asked for, and not a step on the way: it is told of. */
    readonly result: boolean;
    readonly lease: Lease;
  }): Promise<Digest>;
  /** The image that was made of the same parent with the same content, whenever that was. */
  twin(file: ImageFile, parent: Digest | undefined): ImageFile | undefined;
  /** Makes images of several platforms, with what is said of them, one index under its names. */
  createIndex(asked: {
    readonly parts: readonly BuiltPart[];
    readonly tags: readonly string[];
    /** Docker's media type when false. */
    readonly oci: boolean;
    readonly annotations?: Annotations | undefined;
    readonly lease: Lease;
  }): Promise<BuiltIndex>;
  /** Makes one image with a manifest of its own under its names; `index` describes that manifest. */
  createSingle(asked: {
    readonly part: BuiltPart;
    readonly tags: readonly string[];
    readonly lease: Lease;
  }): Promise<BuiltIndex>;
  /** Throws invalid in Docker's words for what is no name with a tag. */
  checkTag(tag: string): void;
  /** An archive as `save` writes it. */
  save(id: Digest, names: readonly string[], signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Removes layers that nothing needs any more; answers the bytes of their files. */
  collect(): number;
  /** Chains that images stand on. */
  chains(): ReadonlySet<Digest>;
}

/** The network that RUN steps are on. */
export interface BuilderNetworks {
  /** Takes an address; `network` is the name of a network, or `none`, `host`. */
  reserve(id: string, network: string): void;
  /** Makes the interfaces in a network namespace. */
  attach(id: string, namespacePath: string): Promise<void>;
  release(id: string): Promise<void>;
  /** The network of a running container, as it has it. Throws in Docker's words when there is none. */
  join(container: string): {
    readonly path: string;
    readonly hostname: string;
    readonly hosts: string;
    readonly resolvConf: string;
  };
  /** Texts of /etc/hosts and /etc/resolv.conf; `extra` are `name:ip` pairs. */
  files(id: string, network: string, extra: readonly string[]): { readonly hosts: string; readonly resolvConf: string };
}

// What the builder needs of images, networks and the tracking of what goes on, cut small.
import type { Digest } from '../base/ids.ts';
import type { ImageFile, Platform } from '../spec/oci/index.ts';
import type { RegistryCredentials, Report } from './request.ts';

/** A base image that is here. */
export interface BaseImage {
  readonly id: Digest;
  readonly file: ImageFile;
  /** Chain IDs, lowest first. */
  readonly chains: readonly Digest[];
  /** The digest that a registry knows it by, when it came from one. */
  readonly manifest?: string;
}

export interface BuilderImages {
  /** One that is local; undefined when there is none of that name and platform. */
  find(reference: string, platform?: Platform): BaseImage | undefined;
  /** Asks the registry, and answers what is then local. Throws unavailable or notFound in Docker's words. */
  pull(
    reference: string,
    options: {
      readonly platform?: Platform;
      readonly credentials?: RegistryCredentials;
      readonly report: Report;
      readonly signal: AbortSignal;
    },
  ): Promise<BaseImage>;
  /** Keeps an image whose layers are in the store, under its names; the parent is the base image on this machine. */
  create(wish: {
    readonly file: ImageFile;
    readonly parent?: Digest;
    /** Top layers that are held until the image is there. */
    readonly tags: readonly string[];
  }): Promise<Digest>;
  /** Throws invalid in Docker's words for what is no name with a tag. */
  checkTag(tag: string): void;
  /** Layers that only images held may be garbage now. */
  sweep(): void;
}

/** The build network: a RUN step's process joins it before it runs. */
export interface BuilderNetworks {
  /** Files for the step; undefined for a network that is unknown. */
  reserve(wish: { readonly id: string; readonly name: string; readonly mode: string }): {
    readonly hosts: readonly { readonly ip: string; readonly names: readonly string[] }[];
    readonly ownResolver: boolean;
  };
  attach(id: string, pid: number): Promise<void>;
  release(id: string): Promise<void>;
  hostGateway(): string;
}

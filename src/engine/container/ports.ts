// What the engine needs of images, layers, volumes and networks, cut small. Of processes: runtime/ports.ts.
import type { Digest } from '../../base/ids.ts';
import type { EndpointSettings, ImageConfig, PortBinding } from '../../spec/docker/index.ts';
import type { OverlayParts } from '../../host/overlay.ts';
import type { Descriptor } from '../../spec/oci/index.ts';

export interface ContainerImage {
  readonly id: Digest;
  /** When it came from a registry or has one for another reason. */
  readonly manifest?: Descriptor;
  /** What `ps` shows: the reference as the user wrote it. */
  readonly config: ImageConfig;
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  /** Layer directories for overlayfs, topmost first. Existing and complete. */
  readonly lowerDirs: readonly string[];
}

export interface ImageSource {
  /** Gives back whatever no image and no container needs; when all containers are known. */
  sweep(): void;
  /** After a container was removed: gives back its image's layers when that was removed before. */
  released(): void;
  /** By name, name@digest, id or id prefix. Throws notFound `No such image: name:tag`. */
  forContainer(reference: string, platform?: string): ContainerImage;
  /**
   * A configuration after the instructions `changes`, completed by `base`. Throws invalid for what is no such instruction.
   */
  changedConfig(config: ImageConfig, changes: readonly string[], base: ImageConfig): ImageConfig;
  /** Makes an image of what a container changed. Throws internal when the image below is gone. */
  commit(spec: ContainerCommit): Promise<{ readonly id: Digest }>;
}

export interface ContainerCommit {
  readonly parent: Digest;
  /** The container's upper directory of its overlay. */
  readonly upperDir: string;
  /** Paths below it that are left out with all below them. */
  readonly without: readonly string[];
  readonly config: ImageConfig;
  readonly container: { readonly id: string; readonly config: unknown };
  readonly author: string;
  readonly comment: string;
  readonly createdBy: string;
  /** The name of the new image, split as images know it. */
  readonly reference?: {
    readonly domain: string;
    readonly path: string;
    readonly tag?: string;
    readonly digest?: string;
  };
}

/** Told to the image store, so that images in use are kept. */
export interface ImageUsers {
  /** Containers made from this image. */
  usersOf(image: Digest): readonly { readonly id: string; readonly running: boolean }[];
}

export type EventSink = (event: {
  type: 'container' | 'image' | 'volume' | 'network' | 'daemon';
  action: string;
  id: string;
  attributes: Readonly<Record<string, string>>;
}) => void;

/** How root file systems come and go: by the kernel, or only noted in tests. */
export interface RootMounts {
  /** `target` exists. */
  overlay(parts: OverlayParts, target: string): void;
  /** One that is not there is no error. */
  unmount(target: string): Promise<void>;
}

/** What the engine needs of volumes. */
export interface VolumeSource {
  /** Finds or makes a volume; an empty name makes an anonymous one. */
  ensure(spec: {
    name: string;
    driver: string;
    options: Readonly<Record<string, string>>;
    labels: Readonly<Record<string, string>>;
  }): Promise<{ name: string; driver: string; mountpoint: string }>;
  /** Makes the volume's files available for a container, and gives their path. Counted by container. */
  acquire(
    name: string,
    containerId: string,
    mount: { readonly destination: string; readonly rw: boolean; readonly propagation: string },
  ): Promise<string>;
  /** For a container that was taken back: counts it without mounting or telling. */
  restore(name: string, containerId: string): void;
  release(name: string, containerId: string): Promise<void>;
  /** Fills an empty volume, or that `part` of it, with what the image has at `target`; `rootfs` is mounted. */
  copyUp(name: string, rootfs: string, target: string, part?: string): Promise<void>;
  /** Removes an anonymous volume that nobody uses any more; a volume in use stays. */
  removeUnused(name: string): Promise<void>;
}

/** A container as far as its networks go. */
export interface SandboxRequest {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly domainname: string;
  readonly mode: string;
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  readonly macs: Readonly<Record<string, string>>;
  readonly exposed: readonly string[];
  readonly bindings: Readonly<Record<string, readonly PortBinding[] | null>>;
  readonly publishAll: boolean;
  readonly dns: readonly string[];
  readonly dnsOptions: readonly string[];
}

type Ports = Record<string, PortBinding[] | null>;

/** What a container's side asks of a network. */
export interface NetworkFacts {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  /** A pattern for other networks, that nothing can be on. */
  readonly configOnly: boolean;
}

/** What the engine needs of networks. */
export interface NetworkSource {
  /** Throws notFound `network x not found`. */
  get(reference: string): NetworkFacts;
  find(reference: string): NetworkFacts | undefined;
  /** The host's forwarding is turned on when a network needs it. */
  readonly forwards: boolean;
  /** Blocks that a person gave a network; undefined for an unknown one. */
  givenSubnets(reference: string): readonly string[] | undefined;
  /** The addresses that `host-gateway` stands for. */
  hostGateways(): readonly string[];
  /** What of it must be asked for elsewhere; before `reserve`. */
  prepare(request: SandboxRequest): Promise<void>;
  /** Takes addresses and ports for a start, or refuses it; the host is as before. */
  reserve(spec: SandboxRequest): { readonly endpoints: Record<string, EndpointSettings>; readonly ports: Ports };
  /** What the container's files say about what was reserved. */
  files(id: string): {
    readonly hosts: readonly { readonly ip: string; readonly names: readonly string[] }[];
    readonly ownResolver: boolean;
  };
  /** Path of a namespace that was made ahead of the process; undefined for a container without interfaces of its own. */
  place(id: string): string | undefined;
  /** Makes the interfaces in that namespace. */
  attach(id: string): Promise<void>;
  /** The process is there. */
  processStarted(id: string, pid: number): void;
  /** Gives everything back and empties the settings; nothing to give back is no error. */
  release(id: string, endpoints: Record<string, EndpointSettings>): Promise<void>;
  /** For a container that was taken back. */
  restore(spec: SandboxRequest, ports: Ports, pid: number): void;
  /** After every `restore`. */
  settle(): Promise<void>;
  /** A container has another name now. */
  renamed(id: string, before: string, now: string): void;
  /** Published ports and aliases of one running container become another's; the aliases after it are given by network. */
  transfer(
    from: string,
    to: string,
    aliases: Readonly<Record<string, { readonly from: readonly string[]; readonly to: readonly string[] }>>,
  ): Promise<{
    readonly ports: Ports;
    readonly names: Readonly<Record<string, { readonly from: string[]; readonly to: string[] }>>;
  }>;
  isOn(id: string, networkId: string): boolean;
  connect(
    id: string,
    reference: string,
    settings: EndpointSettings,
  ): Promise<{ readonly endpoints: Record<string, EndpointSettings>; readonly ports: Ports }>;
  disconnect(id: string, reference: string): Promise<Ports>;
}

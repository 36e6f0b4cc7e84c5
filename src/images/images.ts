// The images of one daemon with all their verbs.
import type { Digest } from '../base/ids.ts';
import { internal } from '../base/errors.ts';
import type { ContainerImage, ImageSource } from '../engine/container/ports.ts';
import type {
  AttestationStatement,
  ImageConfig,
  ImageDeleteItem,
  ImageHistoryItem,
  ImagePruneResponse,
  ImageSummary,
  Filters,
} from '../spec/docker/index.ts';
import { type ImageFile, parsePlatform, type Platform } from '../spec/oci/index.ts';
import type { BaseImage, BuiltIndex, CacheRemote } from '../builder/model/ports.ts';
import type { Credentials } from '../registry/client/index.ts';
import { type AttestationOptions, attestations } from './attestations.ts';
import { bootstrapImage } from './bootstrap/index.ts';
import { registryCache } from './build-cache.ts';
import { createBuilt, createBuiltIndex, createBuiltSingle, findBase, tagOf, twinOf } from './built.ts';
import { type CommitOptions, commitImage } from './commit.ts';
import type { Image } from './catalog/catalog.ts';
import { applyChanges } from './changes/index.ts';
import type { ImageContext } from './catalog/context.ts';
import { findImage, findWhole } from './catalog/find.ts';
import { imageHistory } from './history.ts';
import { type ImportOptions, importImage } from './catalog/import.ts';
import { type Inspected, inspectImage, type InspectOptions } from './inspect.ts';
import { listImages, type ListOptions } from './list.ts';
import { loadImages, type LoadOptions } from './load/index.ts';
import { manifestOf } from './catalog/manifests.ts';
import { mergeConfig } from './merge.ts';
import { pruneImages } from './prune.ts';
import { pullImages, type PullOptions } from './pull/index.ts';
import { pushImages, type PushOptions } from './push/index.ts';
import type { Reference } from './reference/index.ts';
import { type RemoveOptions, removeImage } from './remove.ts';
import type { ImageWaste, ImageWhy, StoreCheck } from '../spec/berth/index.ts';
import { checkStore, findingText } from '../store/check/index.ts';
import { collectionText, type Store } from '../store/index.ts';
import { type SaveOptions, saveImages } from './save.ts';
import { sizeOfChains } from './catalog/size.ts';
import { tagImage } from './catalog/tag.ts';
import { whyFile, whyWaste } from './why/index.ts';

export interface DiskUsage {
  /** Bytes of all that is there for images, shared layers once; those that only the build cache holds are told of there. */
  readonly layersSize: number;
  readonly images: ImageSummary[];
}

export class Images implements ImageSource, Disposable {
  readonly #context: ImageContext;

  constructor(context: ImageContext) {
    this.#context = context;
  }

  forContainer(reference: string, platform?: string): ContainerImage {
    const { catalog } = this.#context;
    const image = findImage(catalog, reference, platform ? parsePlatform(platform) : undefined);
    const manifest = manifestOf(this.#context, image, findWhole(catalog, reference));
    return {
      id: image.id,
      ...(manifest ? { manifest } : {}),
      config: image.file.config ?? {},
      os: image.file.os,
      architecture: image.file.architecture,
      ...(image.file.variant ? { variant: image.file.variant } : {}),
      lowerDirs: this.lowerDirs(image.id),
    };
  }

  /** Layer directories of an image, topmost first; also of one that was removed by force while a container uses it. */
  lowerDirs(id: Digest): string[] {
    const image = this.#context.catalog.getKept(id);
    if (!image) throw internal(`image ${id} is missing`);
    const top = image.chains.at(-1);
    const { layers } = this.#context.store;
    return top === undefined ? [] : layers.stack(top).map((layer) => layers.directory(layer));
  }

  list(options: ListOptions = {}): ImageSummary[] {
    return listImages(this.#context, options);
  }

  inspect(name: string, options: InspectOptions = {}): Inspected {
    return inspectImage(this.#context, name, options);
  }

  attestations(name: string, options: AttestationOptions = {}): AttestationStatement[] {
    return attestations(this.#context, name, options);
  }

  history(name: string, platform?: Platform): ImageHistoryItem[] {
    return imageHistory(this.#context, name, platform);
  }

  why(name: string, path: string | undefined): Promise<ImageWhy | ImageWaste> {
    return path === undefined ? whyWaste(this.#context, name) : whyFile(this.#context, name, path);
  }

  /** Holds the store against its digests and records; with `repair`, what can be repaired is. */
  async check(repair: boolean, signal: AbortSignal): Promise<StoreCheck> {
    const { store, catalog } = this.#context;
    const findings = await checkStore(store, catalog.wanted(), { repair, signal });
    return {
      findings: findings.map((one) => ({ text: findingText(one, repair), repairable: one.op !== undefined })),
      repaired: repair,
      plan: collectionText(catalog.plan()),
    };
  }

  tag(image: string, repo: string | undefined, tag: string | undefined): void {
    tagImage(this.#context, image, repo, tag);
  }

  remove(name: string, options: RemoveOptions = {}): ImageDeleteItem[] {
    return removeImage(this.#context, name, options);
  }

  prune(filters: Filters): ImagePruneResponse {
    return pruneImages(this.#context, filters);
  }

  import(archive: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<Image> {
    return importImage(this.#context, archive, options);
  }

  load(archive: AsyncIterable<Uint8Array>, options: LoadOptions): Promise<readonly Digest[]> {
    return loadImages(this.#context, archive, options);
  }

  /** The archive as a stream; what cannot be saved is told by throwing before there is one. */
  save(names: readonly string[], options: SaveOptions = {}): AsyncIterable<Uint8Array> {
    return saveImages(this.#context, names, options);
  }

  pull(reference: Reference, options: PullOptions): Promise<void> {
    return pullImages(this.#context, reference, options);
  }

  push(reference: Reference, options: PushOptions): Promise<void> {
    return pushImages(this.#context, reference, options);
  }

  /** A repository that holds the cache of builds. */
  buildCache(
    reference: string,
    credentialsOf: (domain: string) => Promise<Credentials>,
    signal: AbortSignal,
  ): Promise<CacheRemote> {
    return registryCache(this.#context, reference, credentialsOf, signal);
  }

  changedConfig(config: ImageConfig, changes: readonly string[], base: ImageConfig): ImageConfig {
    return mergeConfig(applyChanges(config, changes), base);
  }

  commit(options: CommitOptions): Promise<Image> {
    return commitImage(this.#context, options);
  }

  bootstrap(name: string, onProgress: (line: string) => Promise<void> | void, signal?: AbortSignal): Promise<Image> {
    return bootstrapImage(this.#context, name, onProgress, signal);
  }

  /** The name to show for a container's image: as written, or its id once that name leads elsewhere. */
  shownName(written: string, id: Digest): string {
    try {
      const { catalog } = this.#context;
      const whole = catalog.wholeOf(findImage(catalog, written));
      return whole.some((image) => image.id === id) ? written : id;
    } catch {
      return id;
    }
  }

  /** The image and every image made from it on this machine; empty when there is none of that name. */
  descendants(reference: string): ReadonlySet<string> {
    const found = new Set<string>();
    const add = (id: Digest): void => {
      if (found.has(id)) return;
      found.add(id);
      for (const child of this.#context.catalog.children(id)) add(child);
    };
    try {
      const { catalog } = this.#context;
      for (const image of catalog.wholeOf(findImage(catalog, reference))) add(image.id);
    } catch {
      // no such image: nothing descends from it
    }
    return found;
  }

  /** For the builder: a local image to build on. */
  base(reference: string, platform: Platform): BaseImage | undefined {
    return findBase(this.#context, reference, platform);
  }

  /** For the builder: an image of layers that the lease holds. */
  twin(file: ImageFile, parent: Digest | undefined): ImageFile | undefined {
    return twinOf(this.#context, file, parent);
  }

  createBuilt(request: Parameters<typeof createBuilt>[1]): Promise<Digest> {
    return createBuilt(this.#context, request);
  }

  /** The same for several platforms, with what is said of the images: an index. */
  createBuiltSingle(request: Parameters<typeof createBuiltSingle>[1]): Promise<BuiltIndex> {
    return createBuiltSingle(this.#context, request);
  }

  createBuiltIndex(request: Parameters<typeof createBuiltIndex>[1]): Promise<BuiltIndex> {
    return createBuiltIndex(this.#context, request);
  }

  checkTag(tag: string): void {
    tagOf(tag);
  }

  get store(): Store {
    return this.#context.store;
  }

  async usage(): Promise<DiskUsage> {
    const { store } = this.#context;
    const usage = await store.usage();
    const chains = this.chains();
    const others = [...store.layers.all().keys()].filter((chain) => !chains.has(chain));
    return {
      layersSize: usage.total - sizeOfChains(others, usage.layer),
      images: this.list({ sharedSize: true, weigh: usage.layer }),
    };
  }

  count(): number {
    return this.#context.catalog.count;
  }

  /** After a container was removed: the layers of its image, if that was removed before and no other container uses it. */
  released(): void {
    // all images are looked through only when something goes: a container's life must not cost more the more there are
    if (this.#context.catalog.hasUnusedRemoved) this.sweep();
  }

  /**
   * Gives back the layers of images that were removed while a container used them, and whatever else nothing needs. For the
   * engine to call once at start when all containers are known; never before that. Answers the bytes of what went.
   */
  sweep(): number {
    return this.#context.catalog.collect(true).reduce((sum, { size }) => sum + size, 0);
  }

  /** Every chain of layers that an image stands on, also one that was removed while a container uses it. */
  chains(): ReadonlySet<Digest> {
    return new Set(this.#context.catalog.wanted().flatMap(({ layers }) => layers));
  }

  [Symbol.dispose](): void {
    this.#context.store[Symbol.dispose]();
  }
}

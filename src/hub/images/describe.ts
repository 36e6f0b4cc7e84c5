// What a tag or digest of a repository is: its platforms, their layers and settings, what it refers to, and how it differs from another.
import type { Catalog, ImageFacts } from '../metadata/index.ts';
import {
  type BlobDigest,
  checkDigest,
  INDEX_TYPES,
  type ManifestInfo,
  type NamedBlob,
  parseDigest,
  readManifest,
  type Reference,
  RegistryError,
} from '../model/index.ts';
import type { Storage } from '../storage/index.ts';
import { type DiffSide, diffImages, type ImageDiff } from './diff.ts';
import type { LayerListing } from './list-layer.ts';
import type { Listings } from './listings.ts';
import {
  configOf,
  type ImageConfig,
  type ImageLayer,
  layersWithHistory,
  platformName,
  readConfig,
} from './read-config.ts';
import { type ImageFiles, mergeLayers } from './tree.ts';

export interface PlatformImage {
  /** `linux/amd64`; '' when nothing says. */
  readonly platform: string;
  readonly digest: string;
  /** Compressed bytes of configuration and layers. */
  readonly size: number;
  readonly config: ImageConfig | undefined;
  readonly layers: readonly ImageLayer[];
  readonly artifactType: string;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Artifact {
  readonly digest: string;
  readonly mediaType: string;
  readonly artifactType: string;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface DescribedImage {
  readonly repository: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly platforms: readonly PlatformImage[];
  /** Of an index: attestations and other manifests that are no platform. */
  readonly attachments: readonly Artifact[];
  readonly referrers: readonly Artifact[];
}

/** A configuration above this is not read. */
const MAX_CONFIG = 4 * 1024 * 1024;
/** Platforms of an index that are looked at; referrers that are listed. */
const MAX_PLATFORMS = 64;
const MAX_REFERRERS = 100;

export interface Library {
  readonly storage: Storage;
  readonly catalog: Catalog;
  readonly listings: Listings;
}

/** Throws MANIFEST_UNKNOWN. */
export async function describeImage(
  library: Library,
  repository: string,
  reference: Reference,
): Promise<DescribedImage> {
  const { storage, catalog } = library;
  const digest =
    reference.kind === 'tag' ? await storage.repositories.tagged(repository, reference.tag) : reference.digest;
  const detail = reference.kind === 'tag' ? { Tag: reference.tag } : { Revision: reference.digest.text };
  if (!digest) throw new RegistryError('MANIFEST_UNKNOWN', { detail });
  const info = await manifestOf(storage, repository, digest);
  if (!info) throw new RegistryError('MANIFEST_UNKNOWN', { detail });
  const isPlatform = (child: NamedBlob): boolean =>
    child.platform?.['os'] !== 'unknown' && child.annotations['vnd.docker.reference.type'] === undefined;
  const platforms: PlatformImage[] = [];
  const attachments: Artifact[] = [];
  if (INDEX_TYPES.has(info.mediaType))
    for (const child of info.children.slice(0, MAX_PLATFORMS)) {
      const childDigest = checkDigest(child.digest);
      const childInfo = await manifestOf(storage, repository, childDigest);
      if (!childInfo) continue;
      if (isPlatform(child) && !childInfo.isIndex)
        platforms.push(await platformImage(storage, childDigest, childInfo, child.platform));
      else attachments.push(artifactOf(child, childInfo));
    }
  else platforms.push(await platformImage(storage, digest, info, undefined));
  return {
    repository,
    digest: digest.text,
    mediaType: info.mediaType,
    annotations: info.annotations,
    platforms,
    attachments,
    referrers: catalog.referrers(repository, digest.text, '', MAX_REFERRERS),
  };
}

function artifactOf({ digest, size }: NamedBlob, { mediaType, artifactType, annotations }: ManifestInfo): Artifact {
  return { digest, mediaType, artifactType, size, annotations };
}

/** The one that was asked for by name or digest; else the common one, else the first. */
export function choosePlatform(image: DescribedImage, wanted: string): PlatformImage | undefined {
  if (wanted !== '') return image.platforms.find(({ platform, digest }) => platform === wanted || digest === wanted);
  return image.platforms.find(({ platform }) => platform === 'linux/amd64') ?? image.platforms[0];
}

/** Each layer's files, the lowest first. */
export function layerFiles({ listings }: Library, { layers }: PlatformImage): Promise<readonly LayerListing[]> {
  return Promise.all(layers.map(({ digest }) => listings.get(checkDigest(digest))));
}

export function filesOf(listings: readonly LayerListing[]): ImageFiles {
  return mergeLayers(listings.map(({ files }) => files));
}

export async function diffPlatforms(library: Library, before: PlatformImage, after: PlatformImage): Promise<ImageDiff> {
  return diffImages(await sideOf(library, before), await sideOf(library, after));
}

async function sideOf(library: Library, image: PlatformImage): Promise<DiffSide> {
  const listings = await layerFiles(library, image);
  return { files: filesOf(listings), packages: packagesOf(listings), config: image.config };
}

/** A database that is one file is that of the highest layer with it; one of many files is all of them. */
export function packagesOf(listings: readonly LayerListing[]): string {
  const databases = listings.map(({ packages }) => packages).filter((text) => text !== '');
  const whole = databases.findLastIndex((text) => text.includes('\nStatus: '));
  return whole >= 0 ? (databases[whole] ?? '') : databases.join('\n\n');
}

async function manifestOf(
  { blobs, repositories }: Storage,
  repository: string,
  digest: BlobDigest,
): Promise<ManifestInfo | undefined> {
  if (!(await repositories.hasManifest(repository, digest))) return undefined;
  const content = await blobs.read(digest);
  return content && readManifest(content, '');
}

async function platformImage(
  storage: Storage,
  digest: BlobDigest,
  info: ManifestInfo,
  said: Readonly<Record<string, unknown>> | undefined,
): Promise<PlatformImage> {
  const config = await configOfManifest(storage, info);
  const part = (name: string): string => (typeof said?.[name] === 'string' ? said[name] : '');
  const named = { os: part('os'), architecture: part('architecture'), variant: part('variant') };
  return {
    platform: platformName(named.os !== '' || !config ? named : config),
    digest: digest.text,
    size: info.children.reduce((sum, { size }) => sum + size, info.config?.size ?? 0),
    config,
    layers: layersWithHistory(info, config),
    artifactType: config ? '' : info.artifactType,
    annotations: info.annotations,
  };
}

/** undefined for what is no image, and for a configuration that is missing, broken or too large. */
async function configOfManifest(
  { blobs }: Pick<Storage, 'blobs'>,
  info: ManifestInfo,
): Promise<ImageConfig | undefined> {
  const digest = parseDigest(configOf(info) ?? '');
  const size = info.config?.size ?? 0;
  if (!digest || size > MAX_CONFIG || (await blobs.facts(digest))?.size !== size) return undefined;
  const content = await blobs.read(digest);
  return content && readConfig(content);
}

/** For the index of images; undefined for what is none. */
export async function imageFacts(storage: Pick<Storage, 'blobs'>, info: ManifestInfo): Promise<ImageFacts | undefined> {
  const config = await configOfManifest(storage, info);
  return (
    config && {
      platform: platformName(config),
      createdAt: config.createdAt,
      size: info.children.reduce((sum, { size }) => sum + size, info.config?.size ?? 0),
      baseName: info.annotations['org.opencontainers.image.base.name'] ?? '',
      layers: info.children.map(({ digest }) => digest),
      labels: config.labels,
    }
  );
}

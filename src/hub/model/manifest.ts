// What a manifest or an index says of itself: its type, what it needs to be whole, and what it refers to. Pure.
import { MEDIA } from '../../spec/oci/index.ts';
import { parseDigest } from './digest.ts';
import { RegistryError } from './errors.ts';

/** An artifact of OCI 1.1's release candidates: still around, and an image in all but its name. */
const ARTIFACT = 'application/vnd.oci.artifact.manifest.v1+json';
const SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+/;

export const INDEX_TYPES: ReadonlySet<string> = new Set([MEDIA.index, MEDIA.dockerIndex]);
const MANIFEST_TYPES: ReadonlySet<string> = new Set([MEDIA.manifest, MEDIA.dockerManifest, ARTIFACT, ...INDEX_TYPES]);

/** Layers that stay where they are: the registry need not have them. */
const FOREIGN = /nondistributable|foreign/;

export interface NamedBlob {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly platform: Readonly<Record<string, unknown>> | undefined;
  /** The registry has to have it. */
  readonly needed: boolean;
}

export interface ManifestInfo {
  readonly mediaType: string;
  readonly isIndex: boolean;
  readonly config: NamedBlob | undefined;
  /** Layers, or the manifests of an index. */
  readonly children: readonly NamedBlob[];
  readonly subject: string | undefined;
  /** Of the manifest, else the type of its configuration. */
  readonly artifactType: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Without parameters; '' when there is none. */
export function mediaTypeOf(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** Reads what a client pushed as `contentType`. Throws MANIFEST_INVALID with the reason. */
export function readManifest(content: Uint8Array, contentType: string): ManifestInfo {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(content).toString('utf8'));
  } catch {
    throw unfit('it is not JSON');
  }
  if (!isObject(value)) throw unfit('it is not an object');
  const own = value['mediaType'];
  if (own !== undefined && typeof own !== 'string') throw unfit('mediaType is not a text');
  const plain = contentType === '' || contentType === 'application/json' || contentType === 'application/octet-stream';
  const mediaType = plain ? (own ?? shapeOf(value)) : contentType;
  if (SCHEMA_1.test(mediaType) || value['schemaVersion'] === 1)
    throw unfit('schema 1 is not supported: push the image with a newer client');
  if (!MANIFEST_TYPES.has(mediaType)) throw unfit(`${mediaType} is no type of a manifest`);
  if (own !== undefined && own !== mediaType) throw unfit(`its mediaType is ${own}, but it came as ${mediaType}`);
  if (mediaType !== ARTIFACT && value['schemaVersion'] !== 2) throw unfit('schemaVersion is not 2');
  const isIndex = INDEX_TYPES.has(mediaType);
  const children = list(value[isIndex ? 'manifests' : mediaType === ARTIFACT ? 'blobs' : 'layers']);
  const config = isIndex || mediaType === ARTIFACT ? undefined : descriptor(value['config'], 'config');
  if (isIndex && ('layers' in value || 'config' in value)) throw unfit('it has layers and says that it is an index');
  if (!isIndex && 'manifests' in value) throw unfit('it has manifests and says that it is none');
  const artifactType = value['artifactType'];
  return {
    mediaType,
    isIndex,
    config,
    children,
    subject: value['subject'] === undefined ? undefined : descriptor(value['subject'], 'subject').digest,
    artifactType: typeof artifactType === 'string' && artifactType !== '' ? artifactType : (config?.mediaType ?? ''),
    annotations: texts(value['annotations']),
  };
}

function shapeOf(value: Record<string, unknown>): string {
  return Array.isArray(value['manifests']) ? MEDIA.index : MEDIA.manifest;
}

function list(value: unknown): NamedBlob[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw unfit('its list of blobs is not a list');
  return value.map((one, index) => descriptor(one, `entry ${index}`));
}

function descriptor(value: unknown, what: string): NamedBlob {
  if (!isObject(value)) throw unfit(`${what} is no descriptor`);
  const { digest, size, mediaType, platform, urls } = value;
  if (typeof digest !== 'string' || !parseDigest(digest)) throw unfit(`${what} has no digest that is known here`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw unfit(`${what} has no size`);
  const type = typeof mediaType === 'string' ? mediaType : '';
  return {
    digest,
    size,
    mediaType: type,
    annotations: texts(value['annotations']),
    platform: isObject(platform) ? platform : undefined,
    needed: !FOREIGN.test(type) && !(Array.isArray(urls) && urls.length > 0),
  };
}

function texts(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unfit(why: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', { message: `manifest invalid: ${why}` });
}

// Manifests and indexes as registries send them: read within limits, and refused when they may mean two things. Pure.
import { invalid, messageOf } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';
import { isDigest } from '../../base/digest.ts';
import type { Descriptor, Platform } from '../../spec/oci/index.ts';
import { MEDIA } from '../../spec/oci/index.ts';

export const MAX_DOCUMENT = 4 * 1024 * 1024;
const MAX_LAYERS = 125;
const MAX_MANIFESTS = 10_000;

export const INDEX_TYPES: readonly string[] = [MEDIA.dockerIndex, MEDIA.index];
const MANIFEST_TYPES: readonly string[] = [MEDIA.dockerManifest, MEDIA.manifest];

/** What is asked for, best first. */
export const ACCEPTED = [MEDIA.dockerManifest, MEDIA.dockerIndex, MEDIA.manifest, MEDIA.index, '*/*'].join(', ');

export interface IndexDocument {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
}

export interface ManifestDocument {
  readonly kind: 'manifest';
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export type Document = IndexDocument | ManifestDocument;

/** Throws invalid for what is no document, is too large, contradicts itself or its Content-Type. */
export function parseDocument(content: Uint8Array, contentType: string): Document {
  if (content.length > MAX_DOCUMENT)
    throw invalid(`manifest is too large: ${content.length} bytes, at most ${MAX_DOCUMENT} are taken`);
  const declared = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  if (declared.startsWith('application/vnd.docker.distribution.manifest.v1')) throw schema1();
  let value: unknown;
  try {
    value = parseJson(Buffer.from(content).toString('utf8'));
  } catch (error) {
    throw invalid(`invalid manifest: ${messageOf(error)}`);
  }
  const fields = fieldsOf(value);
  if (fields['schemaVersion'] === 1 || isGiven(fields['fsLayers'])) throw schema1();
  const { mediaType: own, manifests, config, layers } = readFields(fields);
  const mediaType = typeOf(declared, own, manifests !== undefined);
  if (manifests) return { kind: 'index', mediaType, manifests };
  if (!config) throw invalid('invalid manifest: config has no descriptor');
  return { kind: 'manifest', mediaType, config, layers: layers ?? [] };
}

export interface Fields {
  readonly mediaType?: string;
  readonly manifests?: readonly Descriptor[];
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
}

/** What a document has, be its type what it may; null is "not said". Throws invalid. */
export function readFields(value: unknown): Fields {
  const { mediaType: type, manifests, config, layers, annotations } = fieldsOf(value);
  const mediaType = textOf(type, 'mediaType');
  if (isGiven(manifests) && (isGiven(layers) || isGiven(config)))
    throw invalid('ambiguous manifest: it is both an index (manifests) and an image (config, layers)');
  if (isGiven(annotations)) textsOf(annotations, 'annotations');
  return {
    ...(mediaType ? { mediaType } : {}),
    ...(isGiven(manifests) ? { manifests: descriptors(manifests, 'manifests', MAX_MANIFESTS) } : {}),
    ...(isGiven(config) ? { config: descriptor(config, 'config') } : {}),
    ...(isGiven(layers) ? { layers: descriptors(layers, 'layers', MAX_LAYERS) } : {}),
  };
}

function fieldsOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('invalid manifest: not an object');
  checkKeys(value, ['schemaVersion', 'mediaType', 'config', 'layers', 'manifests', 'fsLayers']);
  return value as Record<string, unknown>;
}

/** Go takes a key in any case, and the last of them counts: what would be something else there is refused. */
function checkKeys(value: object, keys: readonly string[]): void {
  for (const key of Object.keys(value)) {
    // s and k have a second small form each
    const folded = key.toUpperCase().toLowerCase();
    const meant = keys.find((one) => one.toLowerCase() === folded);
    if (meant !== undefined && meant !== key)
      throw invalid(`ambiguous manifest: ${JSON.stringify(key)} is read as ${meant} by some`);
  }
}

function schema1(): Error {
  return invalid(
    'Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed: suggest the author of the image to upgrade it to the OCI Format or Docker Image manifest v2, schema 2',
    { hint: 'More information at https://docs.docker.com/go/deprecated-image-specs/' },
  );
}

/** The type that the header, the document and its fields agree on. */
function typeOf(declared: string, own: string | undefined, isIndex: boolean): string {
  const known = isIndex ? INDEX_TYPES : MANIFEST_TYPES;
  const others = isIndex ? MANIFEST_TYPES : INDEX_TYPES;
  for (const type of [declared, own ?? declared])
    if (others.includes(type)) throw invalid(`manifest of type ${type} has the fields of another`);
  if (known.includes(declared)) {
    if (own !== undefined && own !== declared)
      throw invalid(`mediaType in manifest should be '${declared}' not '${own}'`);
    if (own === undefined && (declared === MEDIA.dockerManifest || declared === MEDIA.dockerIndex))
      throw invalid(`mediaType in manifest should be '${declared}' not ''`);
    return declared;
  }
  // a file server says something general; the document has to say what it is then
  if (own !== undefined && known.includes(own) && /^(application\/(json|octet-stream)|text\/plain|)$/.test(declared))
    return own;
  throw invalid(`unsupported manifest media type and no default available: ${declared || own || 'none'}`);
}

function descriptors(value: unknown, name: string, limit: number): Descriptor[] {
  if (!Array.isArray(value)) throw invalid(`invalid manifest: ${name} is no list`);
  if (value.length > limit)
    throw invalid(name === 'layers' ? 'max depth exceeded' : `invalid manifest: more than ${limit} ${name}`);
  return value.map((item: unknown) => descriptor(item, name));
}

function descriptor(value: unknown, name: string): Descriptor {
  if (typeof value !== 'object' || value === null) throw invalid(`invalid manifest: ${name} has no descriptor`);
  checkKeys(value, ['mediaType', 'digest', 'size', 'urls', 'annotations', 'platform']);
  const { mediaType, digest, size, urls, platform, annotations, ...rest } = value as Record<string, unknown>;
  if (typeof digest !== 'string' || !isDigest(digest))
    throw invalid(`invalid manifest: ${name} has the unsupported digest ${JSON.stringify(digest)?.slice(0, 100)}`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw invalid(`invalid manifest: ${name} ${digest} has no usable size`);
  return {
    // old registries left it out
    mediaType: textOf(mediaType, `mediaType of ${name} ${digest}`),
    digest,
    size,
    ...rest,
    ...(isGiven(urls) ? { urls: listOf(urls, `urls of ${digest}`) } : {}),
    ...(isGiven(platform) ? { platform: platformOf(platform, digest) } : {}),
    ...(isGiven(annotations) ? { annotations: textsOf(annotations, `annotations of ${digest}`) } : {}),
  };
}

function platformOf(value: unknown, digest: string): Platform {
  const what = `platform of ${digest}`;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(`invalid manifest: ${what} is no object`);
  checkKeys(value, ['os', 'architecture', 'variant', 'os.version', 'os.features']);
  const {
    os,
    architecture,
    variant,
    'os.version': version,
    'os.features': features,
    ...more
  } = value as Record<string, unknown>;
  const own = textsOf({ os, architecture, variant, 'os.version': version }, what);
  const list = isGiven(features) ? { 'os.features': listOf(features, `os.features in ${what}`) } : {};
  return { ...more, ...list, os: '', architecture: '', ...own };
}

function textOf(value: unknown, what: string): string {
  if (!isGiven(value)) return '';
  if (typeof value !== 'string') throw invalid(`invalid manifest: ${what} is no text`);
  return value;
}

function listOf(value: unknown, what: string): string[] {
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string'))
    throw invalid(`invalid manifest: ${what} is no list of texts`);
  return value;
}

function textsOf(value: unknown, what: string): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(`invalid manifest: ${what} is no object`);
  const given = Object.entries(value).filter(([, one]) => isGiven(one));
  for (const [key, one] of given)
    if (typeof one !== 'string') throw invalid(`invalid manifest: ${key} in ${what} is no text`);
  return Object.fromEntries(given) as Record<string, string>;
}

/** Go takes null for "not said". */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

// Manifests and indexes as registries send them: read within limits, and refused when they may mean two things. Pure.
import { invalid, messageOf } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';
import { isDigest } from '../../base/ids.ts';
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
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('invalid manifest: not an object');
  const fields = value as Record<string, unknown>;
  if (fields['schemaVersion'] === 1 || fields['fsLayers'] !== undefined) throw schema1();
  const own = fields['mediaType'];
  if (own !== undefined && typeof own !== 'string') throw invalid('invalid manifest: mediaType is no text');
  const isIndex = fields['manifests'] !== undefined;
  if (isIndex && (fields['layers'] !== undefined || fields['config'] !== undefined))
    throw invalid('ambiguous manifest: it is both an index (manifests) and an image (config, layers)');
  const mediaType = typeOf(declared, own, isIndex);
  if (isIndex) {
    const manifests = descriptors(fields['manifests'], 'manifests', MAX_MANIFESTS);
    return { kind: 'index', mediaType, manifests };
  }
  return {
    kind: 'manifest',
    mediaType,
    config: descriptor(fields['config'], 'config'),
    layers: descriptors(fields['layers'], 'layers', MAX_LAYERS),
  };
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
  // Go writes null for no layers
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw invalid(`invalid manifest: ${name} is no list`);
  if (value.length > limit)
    throw invalid(name === 'layers' ? 'max depth exceeded' : `invalid manifest: more than ${limit} ${name}`);
  return value.map((item: unknown) => descriptor(item, name));
}

function descriptor(value: unknown, name: string): Descriptor {
  if (typeof value !== 'object' || value === null) throw invalid(`invalid manifest: ${name} has no descriptor`);
  const { mediaType, digest, size } = value as Partial<Descriptor>;
  if (typeof digest !== 'string' || !isDigest(digest))
    throw invalid(`invalid manifest: ${name} has the unsupported digest ${JSON.stringify(digest)?.slice(0, 100)}`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw invalid(`invalid manifest: ${name} ${digest} has no usable size`);
  if (typeof mediaType !== 'string') throw invalid(`invalid manifest: ${name} ${digest} has no mediaType`);
  const { platform, annotations, ...rest } = value as Record<string, unknown>;
  return {
    ...(rest as Omit<Descriptor, 'platform' | 'annotations'>),
    ...(isGiven(platform) ? { platform: platformOf(platform, digest) } : {}),
    ...(isGiven(annotations) ? { annotations: textsOf(annotations, `annotations of ${digest}`) } : {}),
  };
}

function platformOf(value: unknown, digest: string): Platform {
  const what = `platform of ${digest}`;
  if (typeof value !== 'object' || value === null) throw invalid(`invalid manifest: ${what} is no object`);
  const { os, architecture, variant, ...more } = value as Record<string, unknown>;
  const own = textsOf({ os, architecture, variant }, what);
  return { ...more, os: '', architecture: '', ...own };
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

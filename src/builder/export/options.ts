// What the attributes of an output ask for, read, and refused by name where it is not done. Pure.
import { parseBool } from '../../base/bool.ts';
import { invalid, notImplemented } from '../../base/errors.ts';
import { formatPlatform, parsePlatform, type Platform } from '../../spec/oci/index.ts';
import type { Annotations, LayerPacking } from '../model/ports.ts';
import type { BuildOutput } from '../model/request.ts';

export interface ExportOptions {
  /** Undefined where nothing is asked for. */
  readonly packing: LayerPacking | undefined;
  readonly ociMediaTypes: boolean | undefined;
  readonly annotations: readonly Annotation[];
  /** Platforms each in a folder of its own. */
  readonly split: boolean | undefined;
  /** Before the names of files that hold statements. */
  readonly attestationPrefix: string;
}

interface Annotation {
  readonly on: 'manifest' | 'index' | 'manifest-descriptor' | 'index-descriptor';
  /** For images of this platform only. */
  readonly platform: string | undefined;
  readonly key: string;
  readonly value: string;
}

/** What else is known of the build. */
export interface ExportFacts {
  readonly platforms: number;
  readonly attested: boolean;
  readonly epoch: boolean;
}

type FileKind = Exclude<BuildOutput['type'], 'cacheonly'>;

const IMAGES = [
  'name',
  'compression',
  'compression-level',
  'force-compression',
  'oci-mediatypes',
  'rewrite-timestamp',
  'unpack',
  'store',
  'push-by-digest',
  'registry.insecure',
  'name-canonical',
  'dangling-name-prefix',
  'prefer-nondist-layers',
  'oci-artifact',
  'buildinfo',
] as const;
const FILES = ['platform-split', 'attestation-prefix'] as const;
const KNOWN: Readonly<Record<FileKind, readonly string[]>> = {
  image: [...IMAGES, 'push', 'load'],
  docker: [...IMAGES, 'tar', 'load'],
  oci: [...IMAGES, 'tar'],
  tar: FILES,
  local: FILES,
};

/** What is so anyway, and is not done otherwise. */
const FIXED: Readonly<Record<string, boolean>> = {
  store: true,
  'push-by-digest': false,
  'registry.insecure': false,
  'name-canonical': false,
  'prefer-nondist-layers': false,
  'oci-artifact': false,
  buildinfo: false,
};
/** `load` asks for what an image in the store has anyway; compose sends it. */
const BOOLEANS = [...Object.keys(FIXED), 'push', 'load', 'tar', 'unpack', 'rewrite-timestamp', 'platform-split'];

const FORMS: Readonly<Record<string, LayerPacking['form']>> = { uncompressed: 'none', gzip: 'gzip', zstd: 'zstd' };
const MOST: Readonly<Record<LayerPacking['form'], number>> = { none: 0, gzip: 9, zstd: 22 };

const ANNOTATION = /^annotation(?:-(manifest|index|manifest-descriptor|index-descriptor))?(?:\[([^\]]+)\])?\.(.+)$/s;

/** Throws in BuildKit's words for values that it refuses, and notImplemented for what is not done. */
export function exportOptions(
  { type, attributes = {} }: { readonly type: FileKind; readonly attributes?: Readonly<Record<string, string>> },
  facts: ExportFacts,
): ExportOptions {
  const annotations: Annotation[] = [];
  for (const [key, value] of Object.entries(attributes)) {
    const found = ANNOTATION.exec(key);
    if (found && KNOWN[type] !== FILES)
      annotations.push({
        on: (found[1] ?? 'manifest') as Annotation['on'],
        platform: found[2] === undefined ? undefined : formatPlatform(parsePlatform(found[2])),
        key: found[3] ?? '',
        value,
      });
    else if (!KNOWN[type].includes(key))
      throw notImplemented(`the option ${JSON.stringify(key)} of the exporter ${type} is not implemented`);
  }
  const bool = (key: string): boolean | undefined => boolOf(key, attributes[key]);
  for (const key of BOOLEANS) {
    const value = bool(key);
    const fixed = FIXED[key];
    if (fixed !== undefined && value !== undefined && value !== fixed)
      throw notImplemented(`the option ${key}=${value} of the exporter ${type} is not implemented`);
  }
  if (attributes['dangling-name-prefix'])
    throw notImplemented(`the option "dangling-name-prefix" of the exporter ${type} is not implemented`);
  if (facts.epoch && bool('rewrite-timestamp') === false)
    throw notImplemented('rewrite-timestamp=false is not implemented: files are no younger than SOURCE_DATE_EPOCH');
  checkAnnotations(type, annotations, facts);
  return {
    packing: packingOf(attributes),
    ociMediaTypes: bool('oci-mediatypes'),
    annotations,
    split: bool('platform-split'),
    attestationPrefix: attributes['attestation-prefix'] ?? '',
  };
}

function boolOf(key: string, text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  const value = text === '' ? true : parseBool(text);
  if (value !== undefined) return value;
  const why = `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`;
  throw invalid(
    key === 'platform-split'
      ? `non-bool value for ${key}: ${text}: ${why}`
      : `non-bool value specified for ${key}: ${why}`,
  );
}

function packingOf(attributes: Readonly<Record<string, string>>): LayerPacking | undefined {
  const { compression, 'compression-level': level } = attributes;
  const force = boolOf('force-compression', attributes['force-compression']) ?? false;
  if (compression === undefined && level === undefined && !force) return undefined;
  if (compression === 'estargz') throw notImplemented('compression=estargz is not implemented');
  const form = FORMS[compression ?? 'gzip'];
  if (form === undefined) throw invalid(`unsupported compression type ${compression}`);
  if (level !== undefined && !/^[+-]?\d+$/.test(level))
    throw invalid(`non-integer value ${JSON.stringify(level)} specified for compression-level`);
  const bounded = level === undefined ? undefined : Math.min(Math.max(Number(level), 0), MOST[form]);
  return { form, force, ...(bounded === undefined ? {} : { level: bounded }) };
}

function checkAnnotations(type: FileKind, annotations: readonly Annotation[], facts: ExportFacts): void {
  const many = facts.platforms > 1 || facts.attested;
  for (const { on } of annotations) {
    if (!many && (on === 'index' || on === 'index-descriptor'))
      throw invalid('index annotations not supported for single platform export');
    // the store names images without a descriptor of their own
    if (type === 'image' && (on === 'index-descriptor' || (on === 'manifest-descriptor' && !many)))
      throw notImplemented(`annotations of kind ${on} are not implemented for images in the store`);
  }
}

/** Whether an image has to have a manifest of its own for what is asked for. */
export function needsManifest({ packing, ociMediaTypes, annotations }: ExportOptions): boolean {
  return packing !== undefined || ociMediaTypes !== undefined || annotations.length > 0;
}

/** The annotations of one place in an image; those of its platform besides those of all. */
export function annotationsOn(
  { annotations }: ExportOptions,
  on: Annotation['on'],
  platform?: Platform,
): Annotations | undefined {
  const own = platform && formatPlatform(platform);
  const found = annotations.filter((one) => one.on === on && (one.platform === undefined || one.platform === own));
  return found.length === 0 ? undefined : Object.fromEntries(found.map(({ key, value }) => [key, value]));
}

// What an image's configuration says: platform, settings, labels, and the history line of each layer. Pure.
import { INDEX_TYPES, type ManifestInfo } from '../model/index.ts';

export interface HistoryLine {
  /** Milliseconds since 1970; undefined when it does not say. */
  readonly createdAt: number | undefined;
  readonly createdBy: string;
  readonly comment: string;
  readonly isEmpty: boolean;
}

export interface ImageConfig {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string;
  readonly createdAt: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Settings that a container gets: Env, Cmd, Entrypoint, User, WorkingDir, ExposedPorts, Volumes, StopSignal as they stand. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly history: readonly HistoryLine[];
}

export interface ImageLayer {
  readonly digest: string;
  readonly mediaType: string;
  /** Compressed, as it lies in the registry. */
  readonly size: number;
  /** What made it; undefined when the history does not say. */
  readonly history: HistoryLine | undefined;
}

const CONFIG_TYPES: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);

/** The digest of its configuration; undefined for an index, a chart, a signature and whatever else is no image. */
export function configOf(info: ManifestInfo): string | undefined {
  if (INDEX_TYPES.has(info.mediaType) || !info.config || !CONFIG_TYPES.has(info.config.mediaType)) return undefined;
  return info.config.digest;
}

/** undefined for what is no configuration of an image. */
export function readConfig(content: Uint8Array): ImageConfig | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(content).toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const settings = isObject(value['config']) ? value['config'] : {};
  const history = Array.isArray(value['history']) ? value['history'].filter(isObject) : [];
  return {
    os: text(value['os']),
    architecture: text(value['architecture']),
    variant: text(value['variant']),
    createdAt: time(value['created']),
    labels: texts(settings['Labels']),
    settings: Object.fromEntries(Object.entries(settings).filter(([name]) => name !== 'Labels')),
    history: history.map((line) => ({
      createdAt: time(line['created']),
      createdBy: text(line['created_by']),
      comment: text(line['comment']),
      isEmpty: line['empty_layer'] === true,
    })),
  };
}

/** Layers, the lowest first, each with the line that made it; a history that does not fit the layers names none. */
export function layersWithHistory(info: ManifestInfo, config: ImageConfig | undefined): readonly ImageLayer[] {
  const lines = (config?.history ?? []).filter(({ isEmpty }) => !isEmpty);
  const fits = lines.length === info.children.length;
  return info.children.map(({ digest, mediaType, size }, index) => ({
    digest,
    mediaType,
    size,
    history: fits ? lines[index] : undefined,
  }));
}

/** `linux/arm64/v8`; '' when nothing is said. */
export function platformName({
  os,
  architecture,
  variant,
}: Pick<ImageConfig, 'os' | 'architecture' | 'variant'>): string {
  return [os, architecture, variant].filter((part) => part !== '').join('/');
}

/** A history line as a Dockerfile would have it: shells and markers that builders add are taken off. */
export function instructionOf({ createdBy }: HistoryLine): string {
  const plain = (createdBy.endsWith(' # buildkit') ? createdBy.slice(0, -11) : createdBy).trim();
  const shell = plain.indexOf('/bin/sh -c ');
  // `|2 A=1 B=2 /bin/sh -c …` has build arguments first
  if (shell < 0 || (shell > 0 && !plain.startsWith('|'))) return plain;
  const command = plain.slice(shell + 11).trim();
  return command.startsWith('#(nop)') ? command.slice(6).trim() : `RUN ${command}`;
}

function time(value: unknown): number | undefined {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function texts(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

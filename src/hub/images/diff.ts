// What changed between two images: packages, files, and settings. Pure.
import type { LayerFile } from './list-layer.ts';
import type { ImageConfig } from './read-config.ts';
import type { ImageFiles } from './tree.ts';

export interface Change {
  readonly name: string;
  /** undefined: it was not there. */
  readonly before: string | undefined;
  /** undefined: it is not there any more. */
  readonly after: string | undefined;
}

export interface FileChange {
  readonly path: string;
  readonly kind: 'added' | 'removed' | 'changed';
  /** Bytes; 0 for what is not there. */
  readonly before: number;
  readonly after: number;
}

export interface ImageDiff {
  readonly packages: readonly Change[];
  readonly settings: readonly Change[];
  /** The first of them; `fileCount` says how many there are. */
  readonly files: readonly FileChange[];
  readonly fileCount: number;
  /** Bytes of all files. */
  readonly sizeBefore: number;
  readonly sizeAfter: number;
}

export interface DiffSide {
  readonly files: ImageFiles;
  readonly packages: string;
  readonly config: ImageConfig | undefined;
}

/** File changes that are listed. */
const MAX_CHANGES = 2000;

export function diffImages(before: DiffSide, after: DiffSide): ImageDiff {
  const files = fileChanges(before.files, after.files);
  return {
    packages: changes(readPackages(before.packages), readPackages(after.packages)),
    settings: changes(settingsOf(before.config), settingsOf(after.config)),
    files: files.slice(0, MAX_CHANGES),
    fileCount: files.length,
    sizeBefore: weigh(before.files),
    sizeAfter: weigh(after.files),
  };
}

/** Installed packages of dpkg's database by name, with their versions; one name of several architectures has them behind it. */
export function readPackages(database: string): ReadonlyMap<string, string> {
  const packages = new Map<string, string>();
  for (const paragraph of database.split(/\n\n+/)) {
    const field = (name: string): string => {
      const from = paragraph.startsWith(`${name}: `) ? 0 : paragraph.indexOf(`\n${name}: `) + 1;
      if (from === 0 && !paragraph.startsWith(`${name}: `)) return '';
      const end = paragraph.indexOf('\n', from);
      return paragraph.slice(from + name.length + 2, end < 0 ? undefined : end).trim();
    };
    const name = field('Package');
    const status = field('Status');
    // the files of distroless images have no Status
    if (name === '' || (status !== '' && !status.endsWith(' installed'))) continue;
    const key = packages.has(name) ? `${name}:${field('Architecture')}` : name;
    packages.set(key, field('Version'));
  }
  return packages;
}

function settingsOf(config: ImageConfig | undefined): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  if (!config) return settings;
  for (const [name, value] of Object.entries(config.settings)) {
    if (name === 'Env' && Array.isArray(value))
      for (const line of value.filter((one) => typeof one === 'string')) {
        const equals = line.indexOf('=');
        settings.set(`Env ${equals < 0 ? line : line.slice(0, equals)}`, equals < 0 ? '' : line.slice(equals + 1));
      }
    else if (value !== null && value !== undefined && value !== '' && value !== false)
      settings.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  for (const [name, value] of Object.entries(config.labels)) settings.set(`Label ${name}`, value);
  settings.set('Platform', [config.os, config.architecture, config.variant].filter((part) => part !== '').join('/'));
  return settings;
}

function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly Change[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names
    .map((name) => ({ name, before: before.get(name), after: after.get(name) }))
    .filter((change) => change.before !== change.after);
}

function fileChanges(before: ImageFiles, after: ImageFiles): readonly FileChange[] {
  const same = (a: LayerFile, b: LayerFile): boolean => a.type === b.type && a.size === b.size && a.mark === b.mark;
  const found: FileChange[] = [];
  for (const [path, file] of after) {
    const old = before.get(path);
    if (old && same(old, file)) continue;
    found.push({ path, kind: old ? 'changed' : 'added', before: old?.size ?? 0, after: file.size });
  }
  for (const [path, { size }] of before)
    if (!after.has(path)) found.push({ path, kind: 'removed', before: size, after: 0 });
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function weigh(files: ImageFiles): number {
  let size = 0;
  for (const file of files.values()) size += file.size;
  return size;
}

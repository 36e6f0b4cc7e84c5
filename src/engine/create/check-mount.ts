// One `--mount`: refused when its type, paths or options make no sense.
import { posix } from 'node:path';
import { type BerthError, invalid } from '../../base/errors.ts';
import type { Mount } from '../../spec/docker/index.ts';

const PROPAGATIONS = ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared'];

export function isPropagation(text: string): boolean {
  return PROPAGATIONS.includes(text);
}

/** Why a destination cannot be one; undefined when it can. */
export function destinationFault(path: string): string | undefined {
  const given = path.replaceAll('\\', '/');
  if (posix.normalize(given) === '/') return "invalid specification: destination can't be '/'";
  return given.startsWith('/') ? undefined : `invalid mount path: '${path}' mount path must be absolute`;
}

/** `pathExists` decides on the source of a bind; without it the source is not looked at. Throws invalid in dockerd's words. */
export function checkMount(mount: Mount, pathExists?: (path: string) => boolean): void {
  const fault = (text: string): BerthError => invalid(`invalid mount config for type "${mount.Type ?? ''}": ${text}`);
  const extra = (name: string): BerthError => fault(`field ${name} must not be specified`);
  if (!mount.Target) throw fault('field Target must not be empty');
  const target = destinationFault(mount.Target);
  if (target) throw fault(target);
  const source = mount.Source ?? '';
  switch (mount.Type) {
    case 'bind': {
      if (source === '') throw fault('field Source must not be empty');
      const propagation = mount.BindOptions?.Propagation ?? '';
      if (propagation !== '' && !isPropagation(propagation)) throw fault(`invalid propagation mode: ${propagation}`);
      if (mount.VolumeOptions) throw extra('VolumeOptions');
      if (mount.ImageOptions) throw extra('ImageOptions');
      if (!source.startsWith('/')) throw fault(`invalid mount path: '${source}' mount path must be absolute`);
      if (pathExists && mount.BindOptions?.CreateMountpoint !== true && !pathExists(source)) {
        throw fault(`bind source path does not exist: ${source}`);
      }
      return;
    }
    case 'volume': {
      if (mount.BindOptions) throw extra('BindOptions');
      if (mount.ImageOptions) throw extra('ImageOptions');
      const subpath = mount.VolumeOptions?.Subpath ?? '';
      if (subpath !== '' && source === '') throw fault('must not set Subpath when using anonymous volumes');
      if (subpath !== '' && !isLocal(subpath)) throw fault('subpath must be a relative path within the volume');
      if (mount.ReadOnly && source === '') throw fault('must not set ReadOnly mode when using anonymous volumes');
      return;
    }
    case 'tmpfs': {
      if (mount.BindOptions) throw extra('BindOptions');
      if (mount.ImageOptions) throw extra('ImageOptions');
      if (source !== '') throw extra('Source');
      const wrong = tmpfsFault(mount.TmpfsOptions);
      if (wrong) throw fault(wrong);
      return;
    }
    case 'image': {
      if (mount.BindOptions) throw extra('BindOptions');
      if (mount.VolumeOptions) throw extra('VolumeOptions');
      if (source === '') throw fault('field Source must not be empty');
      const subpath = mount.ImageOptions?.Subpath ?? '';
      if (subpath !== '' && !isLocal(subpath)) throw fault('subpath must be a relative path within the volume');
      return;
    }
    case 'npipe':
    case 'cluster':
    default:
      throw fault('mount type unknown');
  }
}

function tmpfsFault(options: Mount['TmpfsOptions']): string | undefined {
  for (const option of options?.Options ?? []) {
    if (option.length < 1 || option.length > 2) return 'invalid option array length';
    // dockerd knows the first two; a tmpfs without an owner of its own is of little use to others than root.
    if (!['exec', 'noexec', 'uid', 'gid'].includes(option[0] ?? '')) return `invalid option: ${option[0]}`;
  }
  return undefined;
}

/** Mount options of a tmpfs `--mount`, in dockerd's order. */
export function tmpfsOptions(mount: Mount): string[] {
  const { SizeBytes = 0, Mode = 0, Options = [] } = mount.TmpfsOptions ?? {};
  return [
    ...(Mode === 0 ? [] : [`mode=${Mode.toString(8)}`]),
    ...(SizeBytes === 0 ? [] : [`size=${withSuffix(SizeBytes)}`]),
    ...Options.map((option) => option.join('=')),
  ];
}

/** The largest unit that divides the size evenly. */
function withSuffix(bytes: number): string {
  const unit = (
    [
      ['g', 2 ** 30],
      ['m', 2 ** 20],
      ['k', 2 ** 10],
    ] as const
  ).find(([, size]) => bytes % size === 0);
  return unit ? `${bytes / unit[1]}${unit[0]}` : String(bytes);
}

/** Relative, and never above where it starts. */
function isLocal(path: string): boolean {
  const clean = posix.normalize(path);
  return !clean.startsWith('/') && clean !== '..' && !clean.startsWith('../') && !path.includes('\0');
}

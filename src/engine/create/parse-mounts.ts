// The mount points of a container: binds, `--mount`s, volumes of other containers and of the image, as one list.
import { invalid } from '../../base/errors.ts';
import type { ContainerConfig, HostConfig, Mount, MountType } from '../../spec/docker/index.ts';
import { cleanPath } from './check-config.ts';
import { checkMount, isPropagation, tmpfsOptions } from './check-mount.ts';

/** A mount point as asked for; the engine finds or makes the volume and fills in what inspect shows. */
export interface PlannedMount {
  readonly type: MountType;
  /** Host path of a bind, image of an image mount; empty otherwise. */
  readonly source: string;
  /** Volume name; empty for an anonymous one. */
  readonly name: string;
  /** Volume driver; empty for the default. */
  readonly driver: string;
  readonly destination: string;
  /** The part after the second colon of a bind, as inspect shows it. */
  readonly mode: string;
  readonly rw: boolean;
  readonly propagation: string;
  /** Nobody asked for the propagation; where the source cannot have it there is none. */
  readonly propagationIfPossible: boolean;
  /** rbind, not bind. */
  readonly recursive: boolean;
  readonly readOnlyNested: 'ifPossible' | 'never' | 'always';
  /** Copy what the image has there into a volume that is empty. */
  readonly copyUp: boolean;
  /** An anonymous volume, removed with the container by `rm -v`. */
  readonly anonymous: boolean;
  readonly subpath: string;
  /** A missing bind source is made, not refused. */
  readonly createSource: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly driverOptions: Readonly<Record<string, string>>;
  /** tmpfs options. */
  readonly options: readonly string[];
}

/** `--volumes-from`: which container, and whether its volumes are writable here. */
export interface VolumesFrom {
  readonly container: string;
  readonly rw: boolean;
}

export interface ParsedMounts {
  /** In order; a later one takes the place of an inherited one at the same destination, never of one listed here. */
  readonly mounts: readonly PlannedMount[];
  /** To be resolved first; their mount points yield to `mounts`. */
  readonly volumesFrom: readonly VolumesFrom[];
  /** Destinations that the image or the config declares: an anonymous volume each, unless something is mounted there. */
  readonly declared: readonly PlannedMount[];
  /** `--tmpfs`: mounted, but not shown among the mounts. */
  readonly tmpfs: readonly { readonly destination: string; readonly options: readonly string[] }[];
}

const MODES: Readonly<Record<string, string>> = {
  rw: 'access',
  ro: 'access',
  z: 'label',
  Z: 'label',
  nocopy: 'copy',
  consistent: 'consistency',
  cached: 'consistency',
  delegated: 'consistency',
};

/** At most one word of each kind. */
function isMode(mode: string): boolean {
  if (mode === '') return true;
  const kinds = mode
    .split(',')
    .map((word) => (isPropagation(word) ? 'propagation' : Object.hasOwn(MODES, word) ? MODES[word] : undefined));
  return !kinds.includes(undefined) && new Set(kinds).size === kinds.length;
}

/** Throws invalid in dockerd's words; `readOnlyNonRecursive` is for clients before API 1.44. */
export function parseMounts(config: ContainerConfig, host: HostConfig, readOnlyNonRecursive = false): ParsedMounts {
  const volumesFrom = (host.VolumesFrom ?? []).map(parseVolumesFrom);
  const mounts: PlannedMount[] = [];
  const tmpfs = Object.entries(host.Tmpfs ?? {}).map(([destination, data]) => ({
    destination: cleanPath(destination),
    options: data === '' ? [] : data.split(','),
  }));
  const taken = new Set(tmpfs.map((one) => one.destination));
  const add = (mount: PlannedMount, shown: string): void => {
    if (taken.has(mount.destination)) throw invalid(`Duplicate mount point: ${shown}`);
    taken.add(mount.destination);
    const nested = readOnlyNonRecursive && mount.type === 'bind' && !mount.rw ? 'never' : mount.readOnlyNested;
    mounts.push({ ...mount, readOnlyNested: nested });
  };
  for (const bind of host.Binds ?? []) {
    const mount = parseBind(bind, host.VolumeDriver);
    add(mount, mount.destination);
  }
  // A --tmpfs at the same place as a --mount is no conflict to dockerd: the tmpfs wins.
  for (const one of tmpfs)
    if (!mounts.some((mount) => mount.destination === one.destination)) taken.delete(one.destination);
  for (const mount of host.Mounts ?? []) add(plannedMount(mount, '', { createSource: false }), mount.Target);
  const declared = Object.keys(config.Volumes ?? {})
    .map(cleanPath)
    .filter((destination) => !taken.has(destination))
    .map((destination) => anonymousVolume(destination, host.VolumeDriver));
  return { mounts, volumesFrom, declared, tmpfs };
}

/** `src:dst[:mode]` or `dst`. */
export function parseBind(bind: string, volumeDriver = ''): PlannedMount {
  const bad = (): Error => invalid(`invalid volume specification: '${bind}'`);
  const parts = bind.split(':');
  const [first = '', second = '', mode = ''] = parts;
  if (first === '' || parts.length > 3) throw bad();
  if (parts.length === 2 && isMode(second)) throw bad();
  if (!isMode(mode)) throw invalid(`invalid mode: ${mode}`);
  const [source, target] = parts.length === 1 ? ['', first] : [first, second];
  const words = mode.split(',');
  const propagation = words.find(isPropagation);
  const isBind = source.startsWith('/');
  const mount: Mount = {
    Type: isBind ? 'bind' : 'volume',
    Source: source,
    Target: target,
    ReadOnly: words.includes('ro'),
    ...(propagation === undefined ? {} : { BindOptions: { Propagation: propagation } }),
    ...(!isBind && (volumeDriver !== '' || words.includes('nocopy'))
      ? { VolumeOptions: { NoCopy: words.includes('nocopy'), DriverConfig: { Name: volumeDriver } } }
      : {}),
  };
  if (isBind && words.includes('nocopy')) mount.VolumeOptions = { NoCopy: true };
  try {
    return plannedMount(mount, mode, { createSource: true });
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    throw invalid(`invalid volume specification: '${bind}': ${cause.message}`, { cause });
  }
}

/** The checks of checkMount are made here too; sources are not looked at. */
function plannedMount(mount: Mount, mode: string, { createSource }: { createSource: boolean }): PlannedMount {
  checkMount(mount);
  const { BindOptions: bind, VolumeOptions: volume } = mount;
  const isBind = mount.Type === 'bind';
  const isVolume = mount.Type === 'volume';
  const name = isVolume ? (mount.Source ?? '') : '';
  return {
    type: mount.Type,
    source: isBind ? cleanPath(mount.Source ?? '') : mount.Type === 'image' ? (mount.Source ?? '') : '',
    name,
    driver: volume?.DriverConfig?.Name ?? '',
    destination: cleanPath(mount.Target.replaceAll('\\', '/')),
    mode: mode === '' && isVolume ? 'z' : mode,
    rw: !mount.ReadOnly && mount.Type !== 'image',
    propagation: isBind || mount.Type === 'image' ? bind?.Propagation || 'rprivate' : '',
    propagationIfPossible: !bind?.Propagation,
    recursive: bind?.NonRecursive !== true,
    readOnlyNested: readOnlyNested(mount),
    copyUp: isVolume && volume?.NoCopy !== true,
    anonymous: isVolume && name === '',
    subpath: volume?.Subpath ?? mount.ImageOptions?.Subpath ?? '',
    createSource: createSource || bind?.CreateMountpoint === true,
    labels: volume?.Labels ?? {},
    driverOptions: volume?.DriverConfig?.Options ?? {},
    options: mount.Type === 'tmpfs' ? tmpfsOptions(mount) : [],
  };
}

/** dockerd finds these contradictions at start; they are known here already. */
function readOnlyNested({ BindOptions: bind, ReadOnly }: Mount): PlannedMount['readOnlyNested'] {
  const { ReadOnlyNonRecursive: never = false, ReadOnlyForceRecursive: always = false } = bind ?? {};
  const conflict = (what: string): Error => invalid(`mount options conflict: ${what}`);
  if (!ReadOnly && never) throw conflict('!ReadOnly && BindOptions.ReadOnlyNonRecursive');
  if (!ReadOnly && always) throw conflict('!ReadOnly && BindOptions.ReadOnlyForceRecursive');
  if (never && always) throw conflict('ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive');
  return never ? 'never' : always ? 'always' : 'ifPossible';
}

function anonymousVolume(destination: string, driver: string): PlannedMount {
  return {
    type: 'volume',
    source: '',
    name: '',
    driver,
    destination,
    mode: '',
    rw: true,
    propagation: '',
    propagationIfPossible: true,
    recursive: true,
    readOnlyNested: 'ifPossible',
    copyUp: true,
    anonymous: true,
    subpath: '',
    createSource: false,
    labels: {},
    driverOptions: {},
    options: [],
  };
}

/** `container[:mode]`; of modes only access and label mean something here. */
export function parseVolumesFrom(text: string): VolumesFrom {
  if (text === '') throw invalid('volumes-from specification cannot be an empty string');
  const at = text.indexOf(':');
  const [container, mode] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  const words = mode.split(',');
  if (!isMode(mode) || words.some((word) => isPropagation(word) || word === 'nocopy')) {
    throw invalid(`invalid mode: ${mode}`);
  }
  return { container, rw: !words.includes('ro') };
}

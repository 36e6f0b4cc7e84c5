// A service's volumes, tmpfs, secrets and configs as binds and mounts of a container; and what of them is copied in. Pure.
import type { Mount as EngineMount, MountPoint } from '../../spec/docker/container.ts';
import { BerthError, invalid } from '../../base/errors.ts';
import type { FileReference, Mount, Project, Service } from '../model/project.ts';

export interface Mounted {
  readonly binds: readonly string[];
  readonly mounts: readonly EngineMount[];
}

/** A file that is written into the container before it starts. */
export interface CopiedFile {
  readonly target: string;
  readonly content: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** `inherited` are the mounts of the container that is replaced: its anonymous volumes go on. */
export function mountsOf(project: Project, service: Service, inherited: readonly MountPoint[]): Mounted {
  const binds: string[] = [];
  const mounts: EngineMount[] = [];
  const taken = new Set<string>();
  for (const mount of service.volumes ?? []) {
    const { target = '' } = mount;
    taken.add(target);
    const bind = bindText(project, mount);
    if (bind !== undefined) binds.push(bind);
    else mounts.push(engineMount(project, mount, inherited));
  }
  for (const point of inherited) {
    // Volumes that the image asks for are anonymous, and stand in no file.
    if (point.Type !== 'volume' || taken.has(point.Destination) || !isAnonymous(point)) continue;
    mounts.push({ Type: 'volume', Source: point.Name ?? '', Target: point.Destination });
  }
  return { binds: binds.sort(), mounts: [...mounts, ...fileMounts(project, service)] };
}

export const isAnonymous = ({ Name = '' }: { readonly Name?: string }): boolean => /^[0-9a-f]{64}$/.test(Name);

/** The short form, where the engine has one for it. */
function bindText(project: Project, mount: Mount): string | undefined {
  const { type, target = '', read_only: readOnly = false, bind, volume } = mount;
  const mode = readOnly ? 'ro' : 'rw';
  if (type === 'bind') {
    if (bind?.create_host_path !== true || (bind.recursive ?? '') !== '') return undefined;
    const more = [bind.selinux, bind.propagation].filter((word) => word !== undefined && word !== '');
    return [mount.source ?? '', target, [mode, ...more].join(',')].join(':');
  }
  if (type !== 'volume' || mount.source === undefined || mount.source === '') return undefined;
  if (volume?.nocopy === true || (volume?.subpath ?? '') !== '' || volume?.labels !== undefined) return undefined;
  return `${volumeName(project, mount.source)}:${target}:${mode}`;
}

const volumeName = (project: Project, key: string): string => project.volumes?.[key]?.name ?? key;

function engineMount(project: Project, mount: Mount, inherited: readonly MountPoint[]): EngineMount {
  const { type = 'volume', target = '', read_only: readOnly, consistency } = mount;
  const base = {
    Target: target,
    ...(readOnly === true ? { ReadOnly: true } : {}),
    ...(consistency === undefined ? {} : { Consistency: consistency }),
  };
  switch (type) {
    case 'bind':
      return { Type: 'bind', Source: mount.source ?? '', ...base, BindOptions: bindOptions(mount) };
    case 'volume': {
      const old = inherited.find((point) => point.Type === 'volume' && point.Destination === target);
      const source = mount.source ? volumeName(project, mount.source) : old && isAnonymous(old) ? old.Name : undefined;
      const { nocopy, subpath, labels } = mount.volume ?? {};
      return {
        Type: 'volume',
        ...(source === undefined ? {} : { Source: source }),
        ...base,
        VolumeOptions: {
          ...(nocopy === true ? { NoCopy: true } : {}),
          ...(subpath === undefined || subpath === '' ? {} : { Subpath: subpath }),
          ...(labels === undefined ? {} : { Labels: { ...labels } }),
        },
      };
    }
    case 'tmpfs': {
      const { size, mode } = mount.tmpfs ?? {};
      return {
        Type: 'tmpfs',
        ...base,
        TmpfsOptions: {
          ...(size === undefined ? {} : { SizeBytes: Number(size) }),
          ...(mode === undefined ? {} : { Mode: mode }),
        },
      };
    }
    case 'image':
      return {
        Type: 'image',
        Source: mount.source ?? '',
        ...base,
        ...(mount.image?.subpath === undefined ? {} : { ImageOptions: { Subpath: mount.image.subpath } }),
      };
    default:
      throw invalid(`unsupported mount type ${JSON.stringify(type)}`);
  }
}

function bindOptions({ bind = {} }: Mount): NonNullable<EngineMount['BindOptions']> {
  const { propagation, recursive, create_host_path: creates } = bind;
  return {
    ...(propagation === undefined ? {} : { Propagation: propagation }),
    ...(creates === true ? { CreateMountpoint: true } : {}),
    ...(recursive === 'disabled' ? { NonRecursive: true } : {}),
    ...(recursive === 'writable' ? { ReadOnlyNonRecursive: true } : {}),
    ...(recursive === 'readonly' ? { ReadOnlyForceRecursive: true } : {}),
  };
}

type FileKind = 'secrets' | 'configs';

function* references(project: Project, service: Service) {
  for (const kind of ['secrets', 'configs'] as const)
    for (const reference of service[kind] ?? []) {
      const { source = '' } = reference;
      const object = project[kind]?.[source];
      if (object === undefined) throw invalid(`undefined ${kind.slice(0, -1)} ${JSON.stringify(source)}`);
      if (object.external === true) throw invalid(`unsupported external ${kind.slice(0, -1)} ${source}`);
      yield { kind, reference, object };
    }
}

function targetOf(kind: FileKind, { source = '', target }: FileReference): string {
  if (target?.startsWith('/')) return target;
  return kind === 'secrets' ? `/run/secrets/${target ?? source}` : `/${target ?? source}`;
}

/** Files of the host are bound as they are. */
function fileMounts(project: Project, service: Service): EngineMount[] {
  return [...references(project, service)].flatMap(({ kind, reference, object }) =>
    object.file === undefined
      ? []
      : [
          {
            Type: 'bind' as const,
            Source: object.file,
            Target: targetOf(kind, reference),
            ReadOnly: true,
            BindOptions: {},
          },
        ],
  );
}

/** What comes from a variable or stands in the file itself. Throws when a variable is not set. */
export function copiedFiles(
  project: Project,
  service: Service,
  environment: Readonly<Record<string, string>>,
): CopiedFile[] {
  return [...references(project, service)].flatMap(({ kind, reference, object }) => {
    if (object.file !== undefined) return [];
    let { content } = object;
    if (object.environment !== undefined)
      content = Object.hasOwn(environment, object.environment) ? environment[object.environment] : undefined;
    if (content === undefined)
      throw new BerthError(
        'invalid',
        `environment variable ${JSON.stringify(object.environment ?? '')} required by ${kind.slice(0, -1)} ${JSON.stringify(object.name ?? reference.source ?? '')} is not set`,
      );
    return [
      {
        target: targetOf(kind, reference),
        content,
        mode: Number.parseInt(reference.mode ?? '0444', 8),
        uid: Number(reference.uid ?? 0),
        gid: Number(reference.gid ?? 0),
      },
    ];
  });
}

// A service's volumes as mounts of its tasks. Pure.
import { invalid } from '../../base/errors.ts';
import type { Mount, Project, Service } from '../model/project.ts';
import { stackLabels } from './body.ts';

export function mountsOf(project: Project, service: Service): object[] {
  return [
    ...(service.volumes ?? []).map((mount) => mountOf(project, mount)),
    ...(service.tmpfs ?? []).map((text) => ({ Type: 'tmpfs', Target: text.split(':')[0] ?? '' })),
  ];
}

function mountOf(project: Project, mount: Mount): object {
  const { type = 'volume', source, target = '', read_only: readOnly } = mount;
  const base = { Type: type, Target: target, ...(readOnly === true ? { ReadOnly: true } : {}) };
  switch (type) {
    case 'bind':
      return {
        ...base,
        Source: source,
        ...(mount.bind?.propagation ? { BindOptions: { Propagation: mount.bind.propagation } } : {}),
      };
    case 'volume':
      return { ...base, ...(source ? named(project, source, mount) : anonymous(mount)) };
    case 'tmpfs': {
      const { size, mode } = mount.tmpfs ?? {};
      if (size === undefined && mode === undefined) return base;
      return {
        ...base,
        TmpfsOptions: {
          ...(size === undefined ? {} : { SizeBytes: Number(size) }),
          ...(mode === undefined ? {} : { Mode: mode }),
        },
      };
    }
    default:
      throw invalid(`mounts of type ${type} can't be used in a stack`);
  }
}

function anonymous({ volume }: Mount): object {
  return volume?.nocopy === true ? { VolumeOptions: { NoCopy: true } } : {};
}

function named(project: Project, key: string, { volume }: Mount): object {
  const known = project.volumes?.[key];
  const name = known?.name ?? `${project.name}_${key}`;
  const copy = volume?.nocopy === true ? { NoCopy: true } : {};
  if (known?.external === true) return { Source: name, VolumeOptions: copy };
  return {
    Source: name,
    VolumeOptions: {
      ...copy,
      Labels: stackLabels(project.name, known?.labels),
      ...(known?.driver || known?.driver_opts
        ? { DriverConfig: { Name: known.driver, ...(known.driver_opts ? { Options: known.driver_opts } : {}) } }
        : {}),
    },
  };
}

// Reads --mount: one CSV record of key=value fields.
import { resolve } from 'node:path';
import { cut, parseBool, parseCsv } from '../../../base/go-text.ts';
import { readBytes } from '../../../base/units.ts';
import type { Mount, MountType } from '../container.ts';

/** Throws Error with Docker's text. A source that begins with a dot is taken from `directory`. */
export function parseMount(text: string, directory: string): Mount {
  const mount: Mount = { Type: 'volume', Target: '' };
  for (const field of parseCsv(text)) readField(mount, field, directory);
  check(mount);
  return mount;
}

function readField(mount: Mount, field: string, directory: string): void {
  const [name, value] = cut(field, '=');
  const key = name.toLowerCase();
  if (!field.includes('=')) {
    if (key === 'readonly' || key === 'ro') mount.ReadOnly = true;
    else if (key === 'volume-nocopy') volume(mount).NoCopy = true;
    else if (key === 'bind-nonrecursive') bind(mount).NonRecursive = true;
    else throw new Error(`invalid field '${field}' must be a key=value pair`);
    return;
  }
  const flag = (): boolean => {
    try {
      return parseBool(value);
    } catch {
      throw new Error(`invalid value for ${key}: ${value}`);
    }
  };
  switch (key) {
    case 'type':
      mount.Type = value.toLowerCase() as MountType;
      break;
    case 'source':
    case 'src':
      mount.Source = value.startsWith('.') ? resolve(directory, value) : value;
      break;
    case 'target':
    case 'dst':
    case 'destination':
      mount.Target = value;
      break;
    case 'readonly':
    case 'ro':
      mount.ReadOnly = flag();
      break;
    case 'consistency':
      mount.Consistency = value.toLowerCase();
      break;
    default:
      readTyped(mount, key, value, field, flag);
  }
}

function readTyped(mount: Mount, key: string, value: string, field: string, flag: () => boolean): void {
  switch (key) {
    case 'bind-propagation':
      bind(mount).Propagation = value.toLowerCase();
      break;
    case 'bind-nonrecursive':
      bind(mount).NonRecursive = flag();
      break;
    case 'bind-recursive':
      if (value === 'disabled') bind(mount).NonRecursive = true;
      else if (value === 'writable') bind(mount).ReadOnlyNonRecursive = true;
      else if (value === 'readonly') bind(mount).ReadOnlyForceRecursive = true;
      else if (value !== 'enabled') {
        throw new Error(
          `invalid value for ${key}: ${value} (must be "enabled", "disabled", "writable", or "readonly")`,
        );
      }
      break;
    case 'volume-subpath':
      volume(mount).Subpath = value;
      break;
    case 'volume-nocopy':
      volume(mount).NoCopy = flag();
      break;
    case 'volume-label':
      put((volume(mount).Labels ??= {}), value);
      break;
    case 'volume-driver':
      (volume(mount).DriverConfig ??= {}).Name = value;
      break;
    case 'volume-opt':
      put(((volume(mount).DriverConfig ??= {}).Options ??= {}), value);
      break;
    case 'image-subpath':
      (mount.ImageOptions ??= {}).Subpath = value;
      break;
    case 'tmpfs-size':
      try {
        tmpfs(mount).SizeBytes = readBytes(value);
      } catch {
        throw new Error(`invalid value for ${key}: ${value}`);
      }
      break;
    case 'tmpfs-mode':
      if (!/^[0-7]+$/.test(value)) throw new Error(`invalid value for ${key}: ${value}`);
      tmpfs(mount).Mode = Number.parseInt(value, 8);
      break;
    default:
      throw new Error(`unexpected key '${key}' in '${field}'`);
  }
}

const bind = (mount: Mount) => (mount.BindOptions ??= {});
const volume = (mount: Mount) => (mount.VolumeOptions ??= { Labels: {}, DriverConfig: {} });
const tmpfs = (mount: Mount) => (mount.TmpfsOptions ??= {});

function put(target: Record<string, string>, pair: string): void {
  const [key, value] = cut(pair, '=');
  if (key !== '') target[key] = value;
}

function check(mount: Mount): void {
  const type: string = mount.Type;
  if (type === '') throw new Error('type is required');
  if (mount.Target === '') throw new Error('target is required');
  const mixed = (options: unknown, own: string): void => {
    if (options !== undefined && type !== own)
      throw new Error(`cannot mix '${own}-*' options with mount type '${type}'`);
  };
  mixed(mount.VolumeOptions, 'volume');
  mixed(mount.ImageOptions, 'image');
  mixed(mount.BindOptions, 'bind');
  mixed(mount.TmpfsOptions, 'tmpfs');
  if (mount.BindOptions?.ReadOnlyNonRecursive && !mount.ReadOnly) {
    throw new Error("option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction");
  }
  if (!mount.BindOptions?.ReadOnlyForceRecursive) return;
  if (!mount.ReadOnly)
    throw new Error("option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction");
  if (mount.BindOptions.Propagation !== 'rprivate') {
    throw new Error(
      "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction",
    );
  }
}

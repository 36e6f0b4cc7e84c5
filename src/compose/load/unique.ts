// Lists whose items have a key: of two with the same key the later one stays, in the place of the first.
import { type Path, ComposeError, dotted } from '../value/error.ts';
import { Rules } from '../value/rules.ts';
import { parseVolume } from '../short/volume.ts';
import { type Dict, Float, isDict, sprint, typeName, type Value } from '../value/value.ts';

type KeyOf = (item: Value, path: Path) => string;

const name: KeyOf = (item, path) => {
  if (typeof item !== 'string') throw new ComposeError(`${dotted(path)}: unexpected type ${typeName(item)}`, { path });
  const at = item.indexOf('=');
  return at < 0 ? item : item.slice(0, at);
};

const volume: KeyOf = (item, path) => {
  if (isDict(item)) return targetOf(item, 'volume', path);
  return typeof item === 'string' ? sprint(parseVolume(item)['target']) : '';
};

const device: KeyOf = (item, path) => {
  if (isDict(item)) return targetOf(item, 'device', path);
  if (typeof item !== 'string') return '';
  const [source = '', target] = item.split(':');
  return target ?? source;
};

function targetOf(item: Dict, what: string, path: Path): string {
  const target = item['target'];
  if (typeof target !== 'string')
    throw new ComposeError(`service ${what} ${dotted(path)} is missing a mount target`, { path });
  return target;
}

const exposed: KeyOf = (item, path) => {
  if (typeof item === 'string' || typeof item === 'number') return String(item);
  throw new ComposeError(`${dotted(path)}: unsupported expose value ${sprint(item)}`, { path });
};

const mounted =
  (folder: string): KeyOf =>
  (item, path) => {
    if (typeof item === 'string') return `${folder}/${item}`;
    if (!isDict(item)) throw new ComposeError(`${dotted(path)}: unsupported expose value ${sprint(item)}`, { path });
    return item['target'] === undefined ? `${folder}/${sprint(item['source'])}` : sprint(item['target']);
  };

const port: KeyOf = (item, path) => {
  if (typeof item === 'number' || item instanceof Float) return sprint(item);
  if (!isDict(item)) return typeof item === 'string' ? item : '';
  const { target, published = null, host_ip: host = '0.0.0.0', protocol = 'tcp' } = item;
  if (target === undefined) throw new ComposeError(`service ports ${dotted(path)} is missing a target port`, { path });
  return `${sprint(host)}:${sprint(published)}:${sprint(target)}/${sprint(protocol)}`;
};

const envFile: KeyOf = (item, path) => {
  if (!isDict(item)) return typeof item === 'string' ? item : '';
  if (item['path'] === undefined)
    throw new ComposeError(`environment path attribute ${dotted(path)} is missing`, { path });
  return sprint(item['path']);
};

const KEYS = Rules.of<KeyOf>({
  'networks.*.labels': name,
  'networks.*.ipam.options': name,
  'services.*.annotations': name,
  'services.*.build.args': name,
  'services.*.build.additional_contexts': name,
  'services.*.build.platform': name,
  'services.*.build.tags': name,
  'services.*.build.labels': name,
  'services.*.cap_add': name,
  'services.*.cap_drop': name,
  'services.*.devices': device,
  'services.*.configs': mounted(''),
  'services.*.deploy.labels': name,
  'services.*.dns': name,
  'services.*.dns_opt': name,
  'services.*.dns_search': name,
  'services.*.environment': name,
  'services.*.env_file': envFile,
  'services.*.expose': exposed,
  'services.*.labels': name,
  'services.*.links': name,
  'services.*.networks.*.aliases': name,
  'services.*.networks.*.link_local_ips': name,
  'services.*.ports': port,
  'services.*.profiles': name,
  'services.*.secrets': mounted('/run/secrets'),
  'services.*.sysctls': name,
  'services.*.tmpfs': name,
  'services.*.volumes': volume,
});

/** Changes the tree. */
export function dropDuplicates(tree: Dict): void {
  walk(tree, [], KEYS);
}

function walk(value: Value, path: Path, rules: Rules<KeyOf> | undefined): Value {
  if (rules === undefined) return value;
  if (isDict(value)) {
    for (const key in value) value[key] = walk(value[key] as Value, [...path, key], rules.at(key));
    return value;
  }
  if (!Array.isArray(value) || rules.rule === undefined) return value;
  const keyOf = rules.rule;
  const byKey = new Map<string, Value>();
  value.forEach((item, index) => byKey.set(keyOf(item, [...path, `[${index}]`]), item));
  return byKey.size === value.length ? value : [...byKey.values()];
}

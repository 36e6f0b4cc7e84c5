// Short forms -> long forms, each by its key.
import { type Path, ComposeError, dotted } from '../value/error.ts';
import { Rules } from '../value/rules.ts';
import { parsePorts } from '../short/port.ts';
import { canonicalVolume } from '../short/volume.ts';
import { type Dict, dict, isDict, same, sprint, typeName, type Value } from '../value/value.ts';

export interface Canonical {
  /** templates are still there, and what can't be read because of one stays as it is */
  readonly hasTemplates: boolean;
  readonly warn: (message: string) => void;
}

type Transform = (value: Value, path: Path, how: Canonical, rules: Rules<Transform>) => Value;

const refuse = (path: Path, value: Value, what: string): never => {
  throw new ComposeError(`${dotted(path)}: invalid type ${typeName(value)}${what}`, { path });
};

const listOfText: Transform = (value) => (typeof value === 'string' ? [value] : value);
const textOfAny: Transform = (value) => (typeof value === 'string' ? value : sprint(value));
const namesToDict: Transform = (value) =>
  Array.isArray(value) ? dict(Object.fromEntries(value.map((name) => [sprint(name), null]))) : value;

const keyValue: Transform = (value, path, { hasTemplates }) => {
  if (isDict(value)) return value;
  if (!Array.isArray(value)) return refuse(path, value, '');
  const mapping = dict();
  for (const line of value) {
    const text = sprint(line);
    const at = text.indexOf('=');
    if (at < 0 && hasTemplates) return value;
    if (at < 0) throw new ComposeError(`${dotted(path)}: invalid value ${text}, expected key=value`, { path });
    mapping[text.slice(0, at)] = text.slice(at + 1);
  }
  return mapping;
};

const dependsOn: Transform = (value, path) => {
  if (Array.isArray(value))
    return dict(
      Object.fromEntries(value.map((name) => [sprint(name), dict({ condition: 'service_started', required: true })])),
    );
  if (!isDict(value)) return refuse(path, value, ' for depend_on');
  for (const key in value) {
    const dependency = value[key] as Value;
    if (!isDict(dependency))
      throw new ComposeError(`${dotted(path)}.${key}: unsupported value ${sprint(value)}`, { path: [...path, key] });
    dependency['condition'] ??= 'service_started';
    dependency['required'] ??= true;
  }
  return value;
};

const envFile: Transform = (value, path) => {
  const one = (item: Value): Value => {
    if (typeof item === 'string') return dict({ path: item, required: true });
    if (!isDict(item)) return null;
    item['required'] ??= true;
    return item;
  };
  if (typeof value === 'string') return [one(value)];
  return Array.isArray(value) ? value.map(one) : refuse(path, value, ' for env_file');
};

const gpus: Transform = (value, path) => {
  if (Array.isArray(value)) return value;
  return typeof value === 'string' ? [dict({ count: 'all' })] : refuse(path, value, ' for gpus');
};

const fileMount: Transform = (value, path) => {
  if (isDict(value)) return value;
  if (typeof value === 'string') return dict({ source: value });
  throw new ComposeError(`${dotted(path)}: unsupported type ${typeName(value)}`, { path });
};

const device: Transform = (value, path, { hasTemplates }) => {
  if (isDict(value)) return value;
  if (typeof value !== 'string') return refuse(path, value, ' for service volume mount');
  const parts = value.split(':');
  if (parts.length > 3 && !hasTemplates)
    throw new ComposeError(`confusing device mapping, please use long syntax: ${value}`, { path });
  const [source = '', target = '', permissions = 'rwm'] = parts.length > 3 ? [] : parts;
  return dict({ source, target: target === '' ? source : target, permissions });
};

const ports: Transform = (value, path, { hasTemplates }) => {
  if (!Array.isArray(value)) return refuse(path, value, ' for port');
  try {
    return value.flatMap((item, index): Value[] => {
      if (typeof item === 'number' || typeof item === 'string')
        return located([...path, index], () => parsePorts(String(item)));
      return isDict(item) ? [item] : refuse(path, item, ' for port');
    });
  } catch (error) {
    if (hasTemplates && error instanceof ComposeError) return value;
    throw error;
  }
};

const volume: Transform = (value, path, { hasTemplates }) => {
  if (isDict(value)) return value;
  if (typeof value !== 'string') return refuse(path, value, ' for service volume mount');
  try {
    return located(path, () => canonicalVolume(value));
  } catch (error) {
    if (hasTemplates && error instanceof ComposeError) return value;
    throw error;
  }
};

const build: Transform = (value, path, how, rules) => {
  if (isDict(value)) return mapping(value, path, how, rules);
  return typeof value === 'string' ? dict({ context: value }) : refuse(path, value, ' for build');
};

const ssh: Transform = (value, path) => {
  if (isDict(value)) return value;
  if (!Array.isArray(value)) return refuse(path, value, ' for ssh');
  const keys = dict();
  for (const item of value) {
    if (typeof item !== 'string') throw new ComposeError(`invalid ssh key type ${typeName(item)}`, { path });
    const at = item.indexOf('=');
    if (at < 0 && item !== 'default') throw new ComposeError(`invalid ssh key ${JSON.stringify(item)}`, { path });
    if (at < 0) keys[item] = null;
    else keys[item.slice(0, at)] = item.slice(at + 1);
  }
  return keys;
};

const ulimit: Transform = (value, path) =>
  isDict(value) || typeof value === 'number' ? value : refuse(path, value, ' for external');

const extended: Transform = (value, path, how, rules) => {
  if (isDict(value)) return mapping(value, path, how, rules);
  return typeof value === 'string' ? dict({ service: value }) : refuse(path, value, ' for extends');
};

const included: Transform = (value, path) => {
  if (isDict(value)) return value;
  return typeof value === 'string' ? dict({ path: value }) : refuse(path, value, ' for external');
};

const service: Transform = (value, path, how, rules) => (isDict(value) ? mapping(value, path, how, rules) : value);

/** `external: { name: X }` of old files is `external: true` and `name: X`. */
const resource: Transform = (value, path, how, rules) => {
  if (!isDict(value)) return value;
  mapping(value, path, how, rules);
  const external = value['external'];
  if (!isDict(external)) return value;
  value['external'] = true;
  const name = external['name'];
  if (name === undefined) return value;
  how.warn(`${dotted(path)}: external.name is deprecated. Please set name and external: true`);
  if (value['name'] !== undefined && !same(value['name'], name))
    throw new ComposeError(`${dotted(path)}: name and external.name conflict; only use name`, { path });
  value['name'] ??= name;
  return value;
};

const TRANSFORMS: Rules<Transform> = Rules.of<Transform>({
  'services.*': service,
  'services.*.build': build,
  'services.*.build.secrets.*': fileMount,
  'services.*.build.provenance': textOfAny,
  'services.*.build.sbom': textOfAny,
  'services.*.build.additional_contexts': keyValue,
  'services.*.build.ssh': ssh,
  'services.*.build.ulimits.*': ulimit,
  'services.*.depends_on': dependsOn,
  'services.*.env_file': envFile,
  'services.*.label_file': listOfText,
  'services.*.extends': extended,
  'services.*.gpus': gpus,
  'services.*.networks': namesToDict,
  'services.*.models': namesToDict,
  'services.*.volumes.*': volume,
  'services.*.dns': listOfText,
  'services.*.devices.*': device,
  'services.*.secrets.*': fileMount,
  'services.*.configs.*': fileMount,
  'services.*.ports': ports,
  'services.*.ulimits.*': ulimit,
  'services.*.develop.watch.*.ignore': listOfText,
  'services.*.develop.watch.*.include': listOfText,
  'volumes.*': resource,
  'networks.*': resource,
  'secrets.*': resource,
  'configs.*': resource,
  'include.*': included,
});

/** Changes the tree. */
export function canonical(tree: Dict, how: Canonical): void {
  mapping(tree, [], how, TRANSFORMS);
  dropEmptyDns(tree);
}

function transform(value: Value, path: Path, how: Canonical, rules: Rules<Transform> | undefined): Value {
  if (rules === undefined) return value;
  if (rules.rule !== undefined) return rules.rule(value, path, how, rules);
  if (isDict(value)) return mapping(value, path, how, rules);
  if (!Array.isArray(value)) return value;
  return value.map((item, index) => transform(item, [...path, index], how, rules.at('[]')));
}

function mapping(value: Dict, path: Path, how: Canonical, rules: Rules<Transform>): Dict {
  for (const key in value) value[key] = transform(value[key] as Value, [...path, key], how, rules.at(key));
  return value;
}

/** A fault of a short form, at the place where it stands. */
function located<T>(path: Path, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof ComposeError ? new ComposeError(error.message, { path }) : error;
  }
}

/** An empty `dns` is as none: a variable without a value leaves one. */
function dropEmptyDns(tree: Dict): void {
  const services = tree['services'];
  if (!isDict(services)) return;
  for (const name in services) {
    const one = services[name];
    if (!isDict(one) || !Array.isArray(one['dns'])) continue;
    one['dns'] = one['dns'].filter((item) => item !== null && item !== '');
  }
}

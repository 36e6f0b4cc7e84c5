// What a project means by what it does not say: the default network, names, build files, dependencies by links and namespaces.
import { cleanPath } from '../short/volume.ts';
import type { Environment } from './tree.ts';
import { type Dict, dict, has, isDict, sprint, type Value } from '../value/value.ts';

const NAMESPACES = ['network_mode', 'ipc', 'pid', 'uts', 'cgroup'];

/** Changes the tree. */
export function normalize(tree: Dict, name: string, env: Environment): void {
  tree['name'] = name;
  addNetworks(tree);
  const services = tree['services'];
  if (isDict(services)) for (const key in services) if (isDict(services[key])) normalizeService(services[key], env);
  for (const kind of ['networks', 'volumes', 'configs', 'secrets']) nameResources(tree, kind, name);
}

function addNetworks(tree: Dict): void {
  const networks = isDict(tree['networks']) ? tree['networks'] : dict();
  let usesDefault = false;
  const services = isDict(tree['services']) ? tree['services'] : dict();
  for (const key in services) {
    const service = services[key];
    if (!isDict(service) || has(service, 'provider') || has(service, 'network_mode')) continue;
    const own = service['networks'];
    if (!isDict(own) || Object.keys(own).length === 0) service['networks'] = dict({ default: null });
    usesDefault ||= has(service['networks'] as Dict, 'default');
  }
  if (usesDefault) networks['default'] ??= null;
  if (Object.keys(networks).length > 0) tree['networks'] = networks;
}

function normalizeService(service: Dict, env: Environment): void {
  if (service['pull_policy'] === 'if_not_present') service['pull_policy'] = 'missing';
  const build = service['build'];
  if (isDict(build)) {
    build['context'] ??= '.';
    if (!has(build, 'dockerfile') && !has(build, 'dockerfile_inline')) build['dockerfile'] = 'Dockerfile';
    if (build['args'] !== undefined) build['args'] = resolve(build['args'], env, false);
  }
  if (service['environment'] !== undefined) service['environment'] = resolve(service['environment'], env, true);
  const volumes = service['volumes'];
  if (Array.isArray(volumes))
    for (const volume of volumes)
      if (isDict(volume) && typeof volume['target'] === 'string') volume['target'] = cleanPath(volume['target']);
  addDependencies(service);
}

function addDependencies(service: Dict): void {
  const dependsOn = isDict(service['depends_on']) ? service['depends_on'] : dict();
  const add = (name: string, restart: boolean): void => {
    dependsOn[name] ??= dict({ condition: 'service_started', restart, required: true });
  };
  for (const link of listOf(service['links'])) {
    const parts = link.split(':');
    add(parts.length === 2 ? (parts[0] ?? '') : link, true);
  }
  for (const namespace of NAMESPACES) {
    const held = service[namespace];
    if (typeof held === 'string' && held.startsWith('service:')) add(held.slice('service:'.length), true);
  }
  for (const from of listOf(service['volumes_from']))
    if (!from.startsWith('container:')) add(from.split(':')[0] ?? '', false);
  if (Object.keys(dependsOn).length > 0) service['depends_on'] = dependsOn;
}

function listOf(value: Value | undefined): string[] {
  return Array.isArray(value) ? value.map((item) => sprint(item)) : [];
}

/** Names without a value get the environment's; those that it does not have are kept where `keeps` says so. */
function resolve(value: Value, env: Environment, keeps: boolean): Value {
  const look = (name: string): string | undefined => (Object.hasOwn(env, name) ? env[name] : undefined);
  if (Array.isArray(value))
    return value.flatMap((item) => {
      if (typeof item !== 'string') return [];
      if (item.includes('=')) return [item];
      const held = look(item);
      return held !== undefined ? [`${item}=${held}`] : keeps ? [item] : [];
    });
  if (!isDict(value)) return value;
  const resolved = dict();
  for (const key in value) {
    const held = value[key] === null ? look(key) : value[key];
    if (held !== undefined) resolved[key] = held;
    else if (keeps) resolved[key] = null;
  }
  return resolved;
}

/** A resource is named `PROJECT_KEY` when it is the project's, by its key when it is another's. */
function nameResources(tree: Dict, kind: string, project: string): void {
  const resources = tree[kind];
  if (!isDict(resources)) return;
  for (const key in resources) {
    const held = resources[key];
    const resource = isDict(held) ? held : dict();
    const isExternal = /^(1|t|T|TRUE|true|True)$/.test(sprint(resource['external']));
    if (resource['name'] === undefined || resource['name'] === null)
      resource['name'] = isExternal ? key : `${project}_${key}`;
    resources[key] = resource;
  }
}

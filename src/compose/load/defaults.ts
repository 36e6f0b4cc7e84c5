// What is not said, where the meaning of a file depends on it; and the faults that only the whole of a file shows.
import { isIP } from 'node:net';
import { type Path, ComposeError, dotted } from '../value/error.ts';
import { Rules } from '../value/rules.ts';
import { type Dict, isDict, sprint, typeName, type Value } from '../value/value.ts';

type Visit = (value: Value, path: Path) => void;

const DEFAULTS = Rules.of<Visit>({
  'services.*.build': (value) => {
    if (isDict(value)) value['context'] ??= '.';
  },
  'services.*.secrets.*': (value) => {
    if (isDict(value)) value['target'] ??= `/run/secrets/${sprint(value['source'])}`;
  },
  'services.*.ports.*': (value) => {
    if (!isDict(value)) return;
    value['protocol'] ??= 'tcp';
    value['mode'] ??= 'ingress';
  },
  'services.*.deploy.resources.reservations.devices.*': countAll,
  'services.*.gpus.*': countAll,
});

function countAll(value: Value, path: Path): void {
  if (!isDict(value))
    throw new ComposeError(`${dotted(path)}: invalid type ${typeName(value)} for device request`, { path });
  if (value['count'] === undefined && value['device_ids'] === undefined) value['count'] = 'all';
}

const CHECKS = Rules.of<Visit>({
  'volumes.*': (value, path) => {
    if (value === null) return;
    if (!isDict(value)) throw new ComposeError(`expected volume, got ${sprint(value)}`, { path });
    if (value['external'] !== true) return;
    for (const key in value)
      if (key !== 'name' && key !== 'external' && !key.startsWith('x-'))
        throw new ComposeError(
          `${dotted(path)}: conflicting parameters "external" and ${JSON.stringify(key)} specified`,
          {
            path: [...path, key],
          },
        );
  },
  'configs.*': oneOf('file', 'environment', 'content'),
  'secrets.*': oneOf('file', 'environment'),
  'services.*.ports.*': (value, path) => {
    const ip = isDict(value) ? value['host_ip'] : undefined;
    if (typeof ip === 'string' && isIP(ip) === 0)
      throw new ComposeError(`${dotted(path)}: invalid ip address: ${ip}`, { path });
  },
  'services.*.develop.watch.*.path': (value, path) => {
    if (value === '') throw new ComposeError(`${dotted(path)}: value can't be blank`, { path });
  },
  'services.*.deploy.resources.reservations.devices.*': countOrIds,
  'services.*.gpus.*': countOrIds,
});

function countOrIds(value: Value, path: Path): void {
  if (isDict(value) && value['count'] !== undefined && value['device_ids'] !== undefined)
    throw new ComposeError(`${dotted(path)}: "count" and "device_ids" attributes are exclusive`, { path });
}

function oneOf(...keys: readonly string[]): Visit {
  return (value, path) => {
    if (!isDict(value)) return;
    const count = keys.filter((key) => value[key] !== undefined).length;
    if (count > 1)
      throw new ComposeError(`${dotted(path)}: ${keys.join('|')} attributes are mutually exclusive`, { path });
    if (count === 0 && value['driver'] === undefined && value['external'] === undefined)
      throw new ComposeError(`${dotted(path)}: one of ${keys.join('|')} must be set`, { path });
  };
}

/** Changes the tree. */
export function setDefaults(tree: Dict): void {
  visit(tree, [], DEFAULTS);
}

export function check(tree: Dict): void {
  visit(tree, [], CHECKS);
}

function visit(value: Value, path: Path, rules: Rules<Visit> | undefined): void {
  if (rules === undefined) return;
  if (rules.rule !== undefined) rules.rule(value, path);
  else if (Array.isArray(value)) for (const item of value) visit(item, [...path, '[]'], rules.at('[]'));
  else if (isDict(value)) for (const key in value) visit(value[key] as Value, [...path, key], rules.at(key));
}

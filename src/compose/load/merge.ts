// Two trees -> one: what an override says goes before what it overrides. The table holds the keys that differ from the rule,
// which is: mappings are merged key by key, lists are appended, all else is replaced.
import { type Path, ComposeError, dotted } from '../value/error.ts';
import { Rules } from '../value/rules.ts';
import { clone, type Dict, dict, isDict, sortedKeys, sprint, typeName, type Value } from '../value/value.ts';

type Merger = (base: Value, override: Value, path: Path, rules: Rules<Merger> | undefined) => Value;

const replace: Merger = (_, override) => override;
const lines: Merger = (base, override) => [...toLines(base), ...toLines(override)];

const MERGERS: Rules<Merger> = Rules.of<Merger>({
  'networks.*.ipam.config': pools,
  'networks.*.labels': lines,
  'volumes.*.labels': lines,
  'services.*.annotations': lines,
  'services.*.build': (base, override, path, rules) => mergeDicts(toBuild(base), toBuild(override), path, rules),
  'services.*.build.args': lines,
  'services.*.build.additional_contexts': lines,
  'services.*.build.extra_hosts': newLines,
  'services.*.build.labels': lines,
  'services.*.command': replace,
  'services.*.depends_on': (base, override, path, rules) =>
    mergeDicts(toDict(base, dependency), toDict(override, dependency), path, rules),
  'services.*.deploy.labels': lines,
  'services.*.dns': lines,
  'services.*.dns_opt': lines,
  'services.*.dns_search': lines,
  'services.*.entrypoint': replace,
  'services.*.env_file': lines,
  'services.*.label_file': lines,
  'services.*.environment': lines,
  'services.*.extra_hosts': newLines,
  'services.*.healthcheck.test': replace,
  'services.*.labels': lines,
  'services.*.volumes.*.volume.labels': lines,
  'services.*.logging': logging,
  'services.*.models': named,
  'services.*.networks': named,
  'services.*.sysctls': lines,
  'services.*.tmpfs': lines,
  // Both sides of docker compose's own rule are the override.
  'services.*.ulimits.*': replace,
});

/** Merges whole files. Neither argument is changed. */
export function mergeFiles(base: Dict, override: Dict): Dict {
  return mergeDicts(clone(base), override, [], MERGERS);
}

/** Merges a service over the one that it extends. */
export function mergeServices(base: Dict, override: Dict, name: string): Dict {
  return mergeDicts(base, override, ['services', name], MERGERS.at('services')?.at('*'));
}

/** Merges into `base`. */
function mergeDicts(base: Dict, override: Dict, path: Path, rules: Rules<Merger> | undefined): Dict {
  for (const key in override) {
    const value = override[key] as Value;
    const before = base[key];
    base[key] = before === undefined ? value : merge(before, value, [...path, key], rules?.at(key));
  }
  return base;
}

function merge(base: Value, override: Value, path: Path, rules: Rules<Merger> | undefined): Value {
  if (rules?.rule !== undefined) return rules.rule(base, override, path, rules);
  if (override === null) return base;
  if (isDict(base)) {
    if (!isDict(override)) throw new ComposeError(`cannot override ${dotted(path)}`, { path });
    return mergeDicts(base, override, path, rules);
  }
  if (Array.isArray(base)) {
    if (!Array.isArray(override)) throw new ComposeError(`cannot override ${dotted(path)}`, { path });
    return [...base, ...override];
  }
  return override;
}

/** Options of a log driver belong to it: another driver takes none of them over. */
function logging(base: Value, override: Value, path: Path, rules: Rules<Merger> | undefined): Value {
  if (!isDict(base) || !isDict(override)) return override ?? base;
  const [before, after] = [base['driver'], override['driver']];
  return before === after || before === undefined || after === undefined
    ? mergeDicts(base, override, path, rules)
    : override;
}

function named(base: Value, override: Value, path: Path, rules: Rules<Merger> | undefined): Value {
  return mergeDicts(
    toDict(base, () => null),
    toDict(override, () => null),
    path,
    rules,
  );
}

function newLines(base: Value, override: Value): Value {
  const before = toLines(base);
  return [...before, ...toLines(override).filter((line) => !before.includes(line))];
}

/** Pools of addresses are merged by their subnet. */
function pools(base: Value, override: Value, path: Path, rules: Rules<Merger> | undefined): Value {
  for (const side of [base, override])
    if (!Array.isArray(side)) throw new ComposeError(`${dotted(path)}: unexpected type ${typeName(base)}`, { path });
  const merged: Dict[] = [];
  const subnetOf = (pool: Dict): Value | undefined => pool['subnet'];
  for (const original of base as Value[]) {
    const before = toDict(original, () => null);
    for (const item of override as Value[]) {
      const after = toDict(item, () => null);
      if (subnetOf(after) !== subnetOf(before) && !merged.some((pool) => subnetOf(pool) === subnetOf(after))) {
        merged.push(after);
        continue;
      }
      const both = mergeDicts(before, after, path, rules);
      const index = merged.findIndex((pool) => subnetOf(pool) === subnetOf(both));
      if (index >= 0) merged[index] = both;
      else merged.push(both);
    }
  }
  return merged;
}

const dependency = (): Value => dict({ condition: 'service_started', required: true });

/** Names in a list as the keys of a mapping. */
function toDict(value: Value, made: () => Value): Dict {
  if (isDict(value)) return value;
  const mapping = dict();
  if (Array.isArray(value)) for (const name of value) mapping[sprint(name)] = made();
  return mapping;
}

function toBuild(value: Value): Dict {
  return isDict(value) ? value : typeof value === 'string' ? dict({ context: value }) : dict();
}

/** A mapping as the sorted lines `key=value`. */
function toLines(value: Value): Value[] {
  if (Array.isArray(value)) return value;
  if (typeof value === 'string') return [value];
  if (!isDict(value)) return [];
  return sortedKeys(value)
    .flatMap((key) => {
      const held = value[key] as Value;
      if (held === null) return [key];
      return Array.isArray(held) ? held.map((item) => `${key}=${sprint(item)}`) : [`${key}=${sprint(held)}`];
    })
    .sort();
}

// Relative paths -> absolute ones, by the keys that hold paths.
import { isAbsolute, join } from 'node:path';
import { type Path, ComposeError } from '../value/error.ts';
import { Rules } from '../value/rules.ts';
import { cleanPath } from '../short/volume.ts';
import { type Dict, isDict, typeName, type Value } from '../value/value.ts';

export interface PathContext {
  readonly directory: string;
  readonly home: string | undefined;
  /** the target of a symbolic link, or the path itself */
  readonly real: (path: string) => string;
}

type Resolve = (value: Value, context: PathContext, path: Path) => Value;

const RESOLVERS = Rules.of<Resolve>({
  'services.*.build.context': buildContext,
  'services.*.build.additional_contexts.*': buildContext,
  'services.*.build.ssh.*': maybeWindows,
  'services.*.env_file.*.path': absolute,
  'services.*.label_file.*': absolute,
  'services.*.extends.file': absolute,
  'services.*.develop.watch.*.path': (value, context, path) => {
    const found = absolute(value, context, path);
    return typeof found === 'string' ? context.real(found) : found;
  },
  'services.*.volumes.*': (value, context, path) => {
    if (!isDict(value) || value['type'] !== 'bind') return value;
    const source = value['source'];
    if (source === undefined)
      throw new ComposeError('invalid mount config for type "bind": field Source must not be empty', { path });
    value['source'] = maybeWindows(source, context);
    return value;
  },
  'configs.*.file': maybeWindows,
  'secrets.*.file': maybeWindows,
  'volumes.*': (value, context) => {
    if (!isDict(value) || value['driver'] !== 'local') return value;
    const options = value['driver_opts'];
    if (isDict(options) && options['o'] === 'bind' && options['device'] !== undefined)
      options['device'] = maybeWindows(options['device'], context);
    return value;
  },
});

/** Changes the tree. */
export function resolvePaths(tree: Dict, context: PathContext): void {
  walk(tree, context, [], RESOLVERS);
}

function walk(value: Value, context: PathContext, path: Path, rules: Rules<Resolve> | undefined): Value {
  if (rules === undefined) return value;
  if (rules.rule !== undefined) return rules.rule(value, context, path);
  if (isDict(value))
    for (const key in value) value[key] = walk(value[key] as Value, context, [...path, key], rules.at(key));
  else if (Array.isArray(value))
    value.forEach((item, index) => {
      value[index] = walk(item, context, [...path, index], rules.at('[]'));
    });
  return value;
}

/** What a builder reads from elsewhere stays as it is. */
function buildContext(value: Value, context: PathContext, path: Path): Value {
  if (typeof value !== 'string') return value;
  const isElsewhere =
    value.includes('://') || /^(service:|https?:\/\/|git:\/\/|ssh:\/\/|github\.com\/|git@)/.test(value);
  return isElsewhere ? value : absolute(value, context, path);
}

function absolute(value: Value, context: PathContext, path: Path): Value {
  if (Array.isArray(value)) return value.map((item) => absolute(item, context, path));
  if (typeof value !== 'string') throw new ComposeError(`unexpected type ${typeName(value)}`, { path });
  const expanded = expandHome(value, context.home);
  return isAbsolute(expanded) || expanded === '' ? expanded : joined(context.directory, expanded);
}

/** Paths of Windows are absolute too: the daemon may be there. */
function maybeWindows(value: Value, context: PathContext): Value {
  if (typeof value !== 'string') return value;
  const expanded = expandHome(value, context.home);
  return isAbsolute(expanded) || /^(?:.:[\\/]|\\\\|\/\/)/s.test(expanded)
    ? expanded
    : joined(context.directory, expanded);
}

export function joined(directory: string, path: string): string {
  return cleanPath(join(directory, path));
}

function expandHome(path: string, home: string | undefined): string {
  return path.startsWith('~') && home !== undefined ? joined(home, path.slice(1)) : path;
}

// Variables in the values of a file -> their values, cast to what a key holds.
import { type Path, ComposeError, dotted } from '../value/error.ts';
import { Rules } from '../value/rules.ts';
import { substitute, type Substitution, TemplateError } from './template.ts';
import { type Dict, dict, Float, isDecimal, isDict, type Value } from '../value/value.ts';

export interface Interpolation extends Substitution {
  readonly warn: (message: string) => void;
}

type Cast = 'int' | 'float' | 'float32' | 'bool';

const service = (casts: Readonly<Record<string, Cast>>): Record<string, Cast> =>
  Object.fromEntries(Object.entries(casts).map(([path, cast]) => [`services.*.${path}`, cast]));

/** Keys whose text becomes a number or a boolean, so that a variable can hold one. */
const CASTS = Rules.of<Cast>({
  ...service({
    cpu_count: 'int',
    cpu_percent: 'float',
    cpu_period: 'int',
    cpu_quota: 'int',
    cpu_rt_period: 'int',
    cpu_rt_runtime: 'int',
    cpus: 'float32',
    cpu_shares: 'int',
    init: 'bool',
    'deploy.replicas': 'int',
    'deploy.update_config.parallelism': 'int',
    'deploy.update_config.max_failure_ratio': 'float',
    'deploy.rollback_config.parallelism': 'int',
    'deploy.rollback_config.max_failure_ratio': 'float',
    'deploy.restart_policy.max_attempts': 'int',
    'deploy.placement.max_replicas_per_node': 'int',
    'healthcheck.retries': 'int',
    'healthcheck.disable': 'bool',
    oom_kill_disable: 'bool',
    oom_score_adj: 'int',
    pids_limit: 'int',
    'ports.[].target': 'int',
    privileged: 'bool',
    read_only: 'bool',
    scale: 'int',
    stdin_open: 'bool',
    tty: 'bool',
    'ulimits.*': 'int',
    'ulimits.*.hard': 'int',
    'ulimits.*.soft': 'int',
    'volumes.[].read_only': 'bool',
    'volumes.[].volume.nocopy': 'bool',
  }),
  'networks.*.external': 'bool',
  'networks.*.internal': 'bool',
  'networks.*.attachable': 'bool',
  'networks.*.enable_ipv4': 'bool',
  'networks.*.enable_ipv6': 'bool',
  'volumes.*.external': 'bool',
  'secrets.*.external': 'bool',
  'configs.*.external': 'bool',
});

export function interpolate(tree: Dict, how: Interpolation): Dict {
  return mapping(tree, [], CASTS, how);
}

/** `path` is that of the value, and is the same list all along. */
function mapping(value: Dict, path: (string | number)[], rules: Rules<Cast> | undefined, how: Interpolation): Dict {
  const filled = dict();
  for (const key in value) {
    path.push(key);
    filled[key] = walk(value[key] as Value, path, rules?.at(key), how);
    path.pop();
  }
  return filled;
}

function walk(value: Value, path: (string | number)[], rules: Rules<Cast> | undefined, how: Interpolation): Value {
  if (typeof value === 'string') return text(value, path, rules?.rule, how);
  if (Array.isArray(value))
    return value.map((item, index) => {
      path.push(index);
      const filled = walk(item, path, rules?.at('[]'), how);
      path.pop();
      return filled;
    });
  return isDict(value) ? mapping(value, path, rules, how) : value;
}

function text(value: string, walked: Path, cast: Cast | undefined, how: Interpolation): Value {
  if (cast === undefined && !value.includes('$')) return value;
  const path = [...walked];
  const shown = dotted(path.map((step) => (typeof step === 'number' ? '[]' : step)));
  try {
    const filled = substitute(value, how);
    return cast === undefined ? filled : castText(filled, cast, how.warn);
  } catch (error) {
    if (error instanceof TemplateError)
      throw new ComposeError(
        `invalid interpolation format for ${shown}.\nYou may need to escape any $ with another $.\n${error.template}`,
        { path },
      );
    if (error instanceof CastError)
      throw new ComposeError(`error while interpolating ${shown}: failed to cast to expected type: ${error.message}`, {
        path,
      });
    throw new ComposeError(
      `error while interpolating ${shown}: ${error instanceof Error ? error.message : String(error)}`,
      { path },
    );
  }
}

export class CastError extends Error {}

export function castText(value: string, cast: Cast, warn: (message: string) => void): Value {
  if (cast === 'bool') return toBoolean(value, warn);
  if (cast === 'int') return toInteger(value);
  const number = isDecimal(value) ? Number(value) : Number.NaN;
  if (Number.isNaN(number) && !/^[-+]?(inf|infinity|nan)$/i.test(value))
    throw new CastError(`strconv.ParseFloat: parsing ${JSON.stringify(value)}: invalid syntax`);
  return new Float(
    Number.isNaN(number) ? Number(value.replace(/inf(inity)?/i, 'Infinity')) : number,
    cast === 'float32' ? 32 : 64,
  );
}

export function toInteger(value: string, called = 'Atoi'): number {
  if (!/^[-+]?\d+$/.test(value))
    throw new CastError(`strconv.${called}: parsing ${JSON.stringify(value)}: invalid syntax`);
  const number = Number(value);
  if (Math.abs(number) > 2 ** 63)
    throw new CastError(`strconv.${called}: parsing ${JSON.stringify(value)}: value out of range`);
  return number;
}

export function toBoolean(value: string, warn: (message: string) => void): boolean {
  switch (value.toLowerCase()) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'y':
    case 'yes':
    case 'on':
      warn(`${JSON.stringify(value)} for boolean is not supported by YAML 1.2, please use \`true\``);
      return true;
    case 'n':
    case 'no':
    case 'off':
      warn(`${JSON.stringify(value)} for boolean is not supported by YAML 1.2, please use \`false\``);
      return false;
    default:
      throw new CastError(`invalid boolean: ${value}`);
  }
}

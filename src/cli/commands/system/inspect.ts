// `inspect`: an object of any kind, found by trying one kind after the other.
import { BerthError } from '../../../base/errors.ts';
import type { RouteId } from '../../../spec/docker/routes.ts';
import { type Context, command } from '../../session/context.ts';
import { atLeast, Failure, flag, INSPECT_FORMAT_HELP } from '../../grammar/index.ts';
import { inspect } from '../shared/inspecting.ts';

interface Kind {
  readonly type: string;
  readonly route: RouteId;
  readonly param: 'id' | 'name';
  readonly swarm?: boolean;
}

/** In the order in which a name is looked up. */
const KINDS: readonly Kind[] = [
  { type: 'container', route: 'ContainerInspect', param: 'id' },
  { type: 'image', route: 'ImageInspect', param: 'name' },
  { type: 'network', route: 'NetworkInspect', param: 'id' },
  { type: 'volume', route: 'VolumeInspect', param: 'name' },
  { type: 'service', route: 'ServiceInspect', param: 'id', swarm: true },
  { type: 'task', route: 'TaskInspect', param: 'id', swarm: true },
  { type: 'node', route: 'NodeInspect', param: 'id', swarm: true },
  { type: 'plugin', route: 'PluginInspect', param: 'name' },
  { type: 'secret', route: 'SecretInspect', param: 'id', swarm: true },
  { type: 'config', route: 'ConfigInspect', param: 'id', swarm: true },
];
const TYPES = ['config', 'container', 'image', 'network', 'node', 'plugin', 'secret', 'service', 'task', 'volume'].join(
  '", "',
);

export const inspectAny = command({
  use: '[OPTIONS] NAME|ID [NAME|ID...]',
  description: 'Return low-level information on Docker objects',
  args: atLeast(1),
  flags: {
    format: flag.string('f', INSPECT_FORMAT_HELP),
    size: flag.bool('s', 'Display total file sizes if the type is container'),
    type: flag.string('', 'Only inspect objects of the given type'),
  },
  async run(context, { flags, changed, args }) {
    if (changed('type') && flags.type === '') throw new Failure(`type is empty: must be one of "${TYPES}"`);
    if (flags.type !== '' && !KINDS.some((kind) => kind.type === flags.type)) {
      throw new Failure(`unknown type: ${JSON.stringify(flags.type)}: must be one of "${TYPES}"`);
    }
    return inspect(context, args, flags.format, (name) => find(context, name, flags.type, flags.size));
  },
});

async function find(context: Context, name: string, only: string, size: boolean): Promise<string> {
  let manager: boolean | undefined;
  for (const { type, route, param, swarm } of KINDS) {
    if (only !== '' && type !== only) continue;
    if (only === '' && swarm) {
      manager ??= await isManager(context);
      if (!manager) continue;
    }
    try {
      const query = type === 'container' && size ? { size: true } : {};
      const raw = await context.client.text(route, { params: { [param]: name }, query });
      if (size && type !== 'container') context.err(`WARNING: --size ignored for ${type}\n`);
      return raw;
    } catch (error) {
      if (only === '' && skippable(error)) continue;
      throw error;
    }
  }
  throw new Failure(`Error: No such object: ${name}`);
}

function skippable(error: unknown): boolean {
  if (!(error instanceof BerthError)) return false;
  return (
    ['notFound', 'notImplemented'].includes(error.kind) || /not supported|invalid reference format/.test(error.message)
  );
}

async function isManager(context: Context): Promise<boolean> {
  try {
    const info = await context.client.json<{ Swarm?: { ControlAvailable?: boolean } }>('SystemInfo');
    return info.Swarm?.ControlAvailable === true;
  } catch (error) {
    context.err(`${(error as Error).message}\n`);
    return false;
  }
}

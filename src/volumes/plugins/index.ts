// Volume drivers that are programs of their own (NFS, clouds): Docker's plugins of the old kind, found by socket or spec file.
import { internal, messageOf, notFound } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { type Answer, callPlugin } from './call.ts';
import { findPlugin, type PluginAddress, pluginNames, type PluginPlaces } from './find.ts';

export { PLUGIN_PLACES, type PluginPlaces } from './find.ts';

/** What a driver tells of a volume. */
export interface DriverVolume {
  readonly name: string;
  /** '' while it is mounted nowhere. */
  readonly mountpoint: string;
  readonly created: string | undefined;
  readonly status: Readonly<Record<string, unknown>> | undefined;
}

export interface VolumeDriver {
  readonly name: string;
  readonly scope: 'local' | 'global';
  create(name: string, options: Readonly<Record<string, string>>): Promise<void>;
  remove(name: string): Promise<void>;
  /** The path of its files. `id` names who mounts it; an `unmount` with the same undoes it. */
  mount(name: string, id: string): Promise<string>;
  unmount(name: string, id: string): Promise<void>;
  /** undefined where the driver does not know it. */
  get(name: string): Promise<DriverVolume | undefined>;
  list(): Promise<DriverVolume[]>;
}

export class VolumePlugins {
  readonly #places: PluginPlaces;
  readonly #log: Log;
  /** Those that answered once, by name and address. */
  readonly #drivers = new Map<string, VolumeDriver>();

  constructor(places: PluginPlaces, log: Log) {
    this.#places = places;
    this.#log = log;
  }

  /** Throws notFound in dockerd's words. */
  async driver(name: string): Promise<VolumeDriver> {
    const found = findPlugin(this.#places, name);
    if (!found) throw notFound(`plugin ${JSON.stringify(name)} not found`);
    const key = JSON.stringify(found);
    const known = this.#drivers.get(key);
    if (known) return known;
    const { Implements: kinds } = await callPlugin(found, 'Plugin.Activate', undefined);
    if (!Array.isArray(kinds) || !kinds.includes('VolumeDriver'))
      throw internal(`plugin ${JSON.stringify(name)} does not implement VolumeDriver`);
    const driver = driverOf(found, await scopeOf(found));
    this.#drivers.set(key, driver);
    return driver;
  }

  /** All that answer; what does not is said in the log. */
  async all(): Promise<VolumeDriver[]> {
    const made = await Promise.all(
      pluginNames(this.#places).map((name) =>
        this.driver(name).catch((error: unknown) => {
          this.#log.debug(`plugin ${name}: ${messageOf(error)}`);
          return undefined;
        }),
      ),
    );
    return made.filter((one) => one !== undefined);
  }
}

/** Older plugins do not know the question. */
async function scopeOf(plugin: PluginAddress): Promise<VolumeDriver['scope']> {
  try {
    const { Capabilities } = await callPlugin(plugin, 'VolumeDriver.Capabilities', {});
    const scope =
      typeof Capabilities === 'object' && Capabilities !== null && 'Scope' in Capabilities ? Capabilities.Scope : '';
    return String(scope).toLowerCase() === 'global' ? 'global' : 'local';
  } catch {
    return 'local';
  }
}

function driverOf(plugin: PluginAddress, scope: VolumeDriver['scope']): VolumeDriver {
  const call = (verb: string, body: object): Promise<Answer> => callPlugin(plugin, `VolumeDriver.${verb}`, body);
  return {
    name: plugin.name,
    scope,
    async create(name, options) {
      await call('Create', { Name: name, Opts: options });
    },
    async remove(name) {
      await call('Remove', { Name: name });
    },
    async mount(name, id) {
      const { Mountpoint } = await call('Mount', { Name: name, ID: id });
      if (typeof Mountpoint !== 'string' || !Mountpoint.startsWith('/'))
        throw internal(`VolumeDriver.Mount: ${plugin.name} names no absolute path`);
      return Mountpoint;
    },
    async unmount(name, id) {
      await call('Unmount', { Name: name, ID: id });
    },
    async get(name) {
      const { Volume } = await call('Get', { Name: name }).catch(() => ({ Volume: undefined }));
      return volumeIn(Volume);
    },
    async list() {
      const { Volumes } = await call('List', {});
      return (Array.isArray(Volumes) ? Volumes : []).map(volumeIn).filter((one) => one !== undefined);
    },
  };
}

function volumeIn(value: unknown): DriverVolume | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { Name, Mountpoint, CreatedAt, Status } = value as Answer;
  if (typeof Name !== 'string' || Name === '') return undefined;
  return {
    name: Name,
    mountpoint: typeof Mountpoint === 'string' ? Mountpoint : '',
    created: typeof CreatedAt === 'string' && CreatedAt !== '' ? CreatedAt : undefined,
    status: typeof Status === 'object' && Status !== null ? (Status as Answer) : undefined,
  };
}

// Volumes: made, found, mounted for containers, listed, removed; of the driver `local`, or of one that is a plugin.
import { rfc3339 } from '../base/clock.ts';
import { conflict, internal, messageOf, notFound } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { KeyedMutex } from '../base/mutex.ts';
import { diskUsage } from '../host/sandbox/disk-usage.ts';
import type {
  Filters,
  Volume,
  VolumeCreateBody,
  VolumeListResponse,
  VolumePruneResponse,
} from '../spec/docker/index.ts';
import type { RecordTable } from '../store/records/index.ts';
import { copyUp } from './copy-up.ts';
import { ANONYMOUS_LABEL, type Candidate, listFilter, pruneFilter } from './filter.ts';
import { LocalFolder } from './local.ts';
import type { VolumeEvents, VolumeUsers } from './ports.ts';
import { type DriverVolume, type PluginPlaces, type VolumeDriver, VolumePlugins } from './plugins/index.ts';
import { checkName, checkOptions } from './rules.ts';

export { PLUGIN_PLACES } from './plugins/index.ts';
export type { VolumeEvents, VolumeUsers } from './ports.ts';

/** What is remembered of a volume; its files are beside. */
export interface VolumeRecord {
  readonly name: string;
  readonly driver: string;
  readonly created: string;
  /** null when none were given, which inspect shows. */
  readonly labels: Record<string, string> | null;
  readonly options: Record<string, string> | null;
  /** It is being filled from an image; kept when the daemon dies meanwhile, so that the next one goes on. */
  readonly filling?: true;
}

export interface VolumesInput {
  /** Directory of all volumes, for example `<data-root>/volumes`. */
  readonly root: string;
  readonly log: Log;
  readonly records: RecordTable<VolumeRecord>;
  readonly users: VolumeUsers;
  readonly events: VolumeEvents;
  /** Where other drivers are looked for. */
  readonly plugins: PluginPlaces;
}

/** What a volume is wanted for; an empty name makes an anonymous one. */
export interface VolumeRequest {
  readonly name: string;
  /** Empty means local. */
  readonly driver: string;
  readonly options: Readonly<Record<string, string>> | null;
  readonly labels: Readonly<Record<string, string>> | null;
}

/** How a container mounts a volume; told in the event. */
export interface VolumeMount {
  readonly destination: string;
  readonly rw: boolean;
  readonly propagation: string;
}

const DRIVER = 'local';

export function openVolumes(input: VolumesInput): Volumes {
  return new Volumes(input);
}

export class Volumes {
  readonly #input: VolumesInput;
  readonly #folder: LocalFolder;
  readonly #volumes: Map<string, VolumeRecord>;
  readonly #locks = new KeyedMutex();
  /** Which containers hold a volume's mount, and how often. */
  readonly #holders = new Map<string, Map<string, number>>();
  /** Where volumes of plugins are mounted. */
  readonly #mounted = new Map<string, string>();
  readonly #plugins: VolumePlugins;
  #pruning = false;

  constructor(input: VolumesInput) {
    this.#input = input;
    this.#folder = new LocalFolder(input.root);
    this.#plugins = new VolumePlugins(input.plugins, input.log);
    this.#volumes = input.records.load(acceptRecord);
    for (const { name, driver } of this.#volumes.values()) if (driver === DRIVER) this.#folder.make(name);
  }

  /** POST /volumes/create: an existing name answers with what is there. Throws invalid, notFound. */
  async create({ Name, Driver, DriverOpts, Labels }: VolumeCreateBody): Promise<Volume> {
    const record = await this.#ensure({
      name: Name ?? '',
      driver: Driver ?? '',
      options: DriverOpts ?? null,
      labels: Labels ?? null,
    });
    return this.#described(record);
  }

  /** Finds or makes a volume for a container. */
  async ensure(request: VolumeRequest): Promise<{ name: string; driver: string; mountpoint: string }> {
    const given = (map: VolumeRequest['options']): VolumeRequest['options'] =>
      map && Object.keys(map).length > 0 ? map : null;
    const record = await this.#ensure({ ...request, options: given(request.options), labels: given(request.labels) });
    const { Name: name, Driver: driver, Mountpoint: mountpoint } = await this.#described(record);
    return { name, driver, mountpoint };
  }

  async #ensure(request: VolumeRequest): Promise<VolumeRecord> {
    const name = request.name === '' ? randomId() : request.name;
    return this.#locks.run(name, async () => {
      const driver = await this.#driverFor(name, request);
      const found = this.#volumes.get(name);
      if (found) {
        if (request.driver === '' || request.driver === found.driver) return found;
        throw conflict(
          `create ${name}: driver '${found.driver}' already has volume '${name}': volume name must be unique`,
        );
      }
      if (driver === undefined) {
        checkName(name);
        checkOptions(name, request.options ?? {});
      }
      const labels = request.name === '' ? { ...request.labels, [ANONYMOUS_LABEL]: '' } : request.labels;
      const record: VolumeRecord = {
        name,
        driver: driver?.name ?? DRIVER,
        created: rfc3339().replace(/\.\d+Z$/, 'Z'),
        labels: labels === null ? null : { ...labels },
        options: request.options === null ? null : { ...request.options },
      };
      // one that its driver knows already is taken as it is
      if (driver === undefined) this.#folder.make(name);
      else if (!(await driver.get(name)))
        await driver.create(name, request.options ?? {}).catch((error: unknown) => {
          throw internal(`create ${name}: ${messageOf(error)}`, { cause: error });
        });
      this.#input.records.put(name, record);
      this.#volumes.set(name, record);
      this.#emit('create', name, { driver: record.driver });
      return record;
    });
  }

  /** The plugin whose volume it is to be; undefined for local ones. Without a driver's name one that knows the volume has it. */
  async #driverFor(name: string, request: VolumeRequest): Promise<VolumeDriver | undefined> {
    if (request.driver === DRIVER) return undefined;
    if (request.driver === '') return this.#volumes.has(name) || request.name === '' ? undefined : this.#whoKnows(name);
    return this.#plugins.driver(request.driver).catch((error: unknown) => {
      throw notFound(`create ${name}: error looking up volume plugin ${request.driver}: ${messageOf(error)}`, {
        cause: error,
      });
    });
  }

  async #whoKnows(name: string): Promise<VolumeDriver | undefined> {
    for (const driver of await this.#plugins.all()) if (await driver.get(name)) return driver;
    return undefined;
  }

  /** Names of all drivers. */
  async drivers(): Promise<string[]> {
    return [DRIVER, ...(await this.#plugins.all()).map(({ name }) => name)];
  }

  /** What is remembered, and what plugins know beside it. */
  async list(filters: Filters): Promise<VolumeListResponse> {
    const wanted = listFilter(filters);
    const all = new Map<string, Volume>();
    const warnings: string[] = [];
    for (const driver of await this.#plugins.all())
      for (const one of await driver.list().catch((error: unknown) => {
        warnings.push(`list ${driver.name}: ${messageOf(error)}`);
        return [];
      }))
        all.set(one.name, this.#shown(this.#volumes.get(one.name) ?? foreign(one, driver), one, driver));
    for (const record of this.#volumes.values())
      if (record.driver === DRIVER || !all.has(record.name)) all.set(record.name, this.#shown(record));
    const volumes = [...all.values()].filter((one) =>
      wanted({ name: one.Name, driver: one.Driver, labels: one.Labels, users: this.#users(one.Name) }),
    );
    return {
      Volumes: volumes.toSorted((a, b) => (a.Name < b.Name ? -1 : 1)),
      Warnings: warnings.length > 0 ? warnings : null,
    };
  }

  #users(name: string): number {
    return this.#input.users.usersOf(name).length;
  }

  /** Throws notFound `get x: no such volume`. */
  async inspect(name: string): Promise<Volume> {
    const record = this.#volumes.get(name);
    if (record) return this.#described(record);
    const driver = await this.#whoKnows(name);
    const found = await driver?.get(name);
    if (!driver || !found) return this.#shown(this.#get(name));
    return this.#shown(foreign(found, driver), found, driver);
  }

  /** With `force` an absent volume is no error; one in use is refused all the same. */
  async remove(name: string, force = false): Promise<void> {
    await this.#locks.run(name, async () => {
      if (!this.#volumes.has(name)) {
        const driver = await this.#whoKnows(name);
        if (driver) return driver.remove(name);
        if (force) return;
        throw notFound(`get ${name}: no such volume`);
      }
      const users = this.#input.users.usersOf(name);
      if (users.length > 0) throw conflict(`remove ${name}: volume is in use - [${users.join(', ')}]`);
      await this.#destroy(name, force);
    });
  }

  /** Removes an anonymous volume that nobody uses any more; any other stays. */
  async removeUnused(name: string): Promise<void> {
    await this.#locks.run(name, async () => {
      if (!this.#volumes.has(name) || this.#input.users.usersOf(name).length > 0) return;
      await this.#destroy(name);
    });
  }

  /** The record goes last: a volume that is half deleted can be deleted again. */
  async #destroy(name: string, force = false): Promise<void> {
    const { driver } = this.#get(name);
    if (driver === DRIVER) await this.#folder.remove(name);
    else
      await this.#plugins
        .driver(driver)
        .then((one) => one.remove(name))
        .catch((error: unknown) => {
          // with force what the plugin has is left to it
          if (!force) throw internal(`remove ${name}: ${messageOf(error)}`, { cause: error });
        });
    this.#mounted.delete(name);
    this.#input.records.delete(name);
    this.#volumes.delete(name);
    this.#holders.delete(name);
    this.#emit('destroy', name, { driver });
  }

  /** Throws conflict while another prune is at work. */
  async prune(filters: Filters, minor: number): Promise<VolumePruneResponse> {
    const wanted = pruneFilter(filters, minor);
    if (this.#pruning) throw conflict('a prune operation is already running');
    this.#pruning = true;
    try {
      const deleted: string[] = [];
      let reclaimed = 0;
      for (const record of [...this.#volumes.values()].filter(
        // what others keep is not pruned
        (one) => one.driver === DRIVER && wanted(this.#candidate(one)),
      )) {
        try {
          // What is mounted from elsewhere is not freed with the volume.
          const data = this.#folder.dataOf(record.name);
          const size = record.options?.['device'] === undefined ? ((await diskUsage([data])).get(data) ?? 0) : 0;
          await this.remove(record.name);
          deleted.push(record.name);
          reclaimed += size;
        } catch (error) {
          this.#input.log.warn(`prune: volume ${record.name} stays: ${messageOf(error)}`);
        }
      }
      this.#emit('prune', '', { reclaimed: String(reclaimed) });
      return { VolumesDeleted: deleted, SpaceReclaimed: reclaimed };
    } finally {
      this.#pruning = false;
    }
  }

  /** Every volume with what it takes on disk and how many containers refer to it, for `system df`. */
  async usage(): Promise<Volume[]> {
    const records = [...this.#volumes.values()].filter(({ driver }) => driver === DRIVER);
    const sizes = await diskUsage(records.map(({ name }) => this.#folder.dataOf(name)));
    return records.map((record) => ({
      ...this.#shown(record),
      UsageData: {
        RefCount: this.#input.users.usersOf(record.name).length,
        Size: sizes.get(this.#folder.dataOf(record.name)) ?? 0,
      },
    }));
  }

  /** Makes the volume's files available for a container and gives their path. Each call is undone by one `release`. */
  async acquire(name: string, containerId: string, mount?: VolumeMount): Promise<string> {
    return this.#locks.run(name, async () => {
      const record = this.#get(name);
      const path = await this.#mount(record, containerId);
      const holders = this.#holders.get(name) ?? new Map<string, number>();
      holders.set(containerId, (holders.get(containerId) ?? 0) + 1);
      this.#holders.set(name, holders);
      const { destination = '', rw = true, propagation = '' } = mount ?? {};
      this.#emit('mount', name, {
        driver: record.driver,
        container: containerId,
        destination,
        'read/write': String(rw),
        propagation,
      });
      return path;
    });
  }

  async #mount({ name, driver, options }: VolumeRecord, containerId: string): Promise<string> {
    if (driver === DRIVER) {
      await this.#folder.mount(name, options ?? {});
      return this.#folder.dataOf(name);
    }
    try {
      const path = await (await this.#plugins.driver(driver)).mount(name, containerId);
      this.#mounted.set(name, path);
      return path;
    } catch (error) {
      throw internal(`error while mounting volume '': ${messageOf(error)}`, { cause: error });
    }
  }

  /** For a container that was adopted: counts it as a holder without mounting or telling. */
  restore(name: string, containerId: string): void {
    const holders = this.#holders.get(name) ?? new Map<string, number>();
    holders.set(containerId, (holders.get(containerId) ?? 0) + 1);
    this.#holders.set(name, holders);
  }

  /** The last holder's release unmounts what driver options mounted. A volume that is gone is no error. */
  async release(name: string, containerId: string): Promise<void> {
    await this.#locks.run(name, async () => {
      const record = this.#volumes.get(name);
      const holders = this.#holders.get(name);
      const count = holders?.get(containerId) ?? 0;
      if (!record) return;
      if (count > 1) holders?.set(containerId, count - 1);
      else holders?.delete(containerId);
      this.#emit('unmount', name, { driver: record.driver, container: containerId });
      if (record.driver !== DRIVER) {
        if (count <= 1) await (await this.#plugins.driver(record.driver)).unmount(name, containerId);
      } else if ((holders?.size ?? 0) === 0 && record.options?.['device'] !== undefined)
        await this.#folder.unmount(name);
    });
  }

  /**
   * Fills an empty volume, or that `part` of it, with what the image has at `target`; `rootfs` is the container's mounted root
   * file system.
   */
  async copyUp(name: string, rootfs: string, target: string, part?: string): Promise<void> {
    await this.#locks.run(name, async () => {
      const { filling } = this.#get(name);
      await copyUp(rootfs, target, part ?? this.#mounted.get(name) ?? this.#folder.dataOf(name), {
        begun: filling === true,
        set: (begun) => this.#setFilling(name, begun),
      });
    });
  }

  #setFilling(name: string, begun: boolean): void {
    const { filling, ...record } = this.#get(name);
    if ((filling === true) === begun) return;
    const next: VolumeRecord = begun ? { ...record, filling: true } : record;
    this.#input.records.put(name, next);
    this.#volumes.set(name, next);
  }

  #get(name: string): VolumeRecord {
    const record = this.#volumes.get(name);
    if (!record) throw notFound(`get ${name}: no such volume`);
    return record;
  }

  #candidate(record: VolumeRecord): Candidate {
    return { ...record, users: this.#input.users.usersOf(record.name).length };
  }

  /** With what its driver tells of it, where that is a plugin that answers. */
  async #described(record: VolumeRecord): Promise<Volume> {
    if (record.driver === DRIVER) return this.#shown(record);
    const driver = await this.#plugins.driver(record.driver).catch(() => undefined);
    return this.#shown(record, await driver?.get(record.name), driver);
  }

  #shown(record: VolumeRecord, found?: DriverVolume, driver?: VolumeDriver): Volume {
    const { name } = record;
    const path = record.driver === DRIVER ? this.#folder.dataOf(name) : (this.#mounted.get(name) ?? '');
    return {
      CreatedAt: found?.created ?? record.created,
      Driver: record.driver,
      Labels: record.labels,
      Mountpoint: found?.mountpoint || path,
      Name: name,
      Options: record.options,
      Scope: driver?.scope ?? 'local',
      ...(found?.status ? { Status: found.status } : {}),
    };
  }

  #emit(action: Parameters<VolumeEvents>[0]['action'], id: string, attributes: Record<string, string>): void {
    this.#input.events({ type: 'volume', action, id, attributes });
  }
}

/** A volume that a driver knows, and that was not made here. */
function foreign({ name, created = '' }: DriverVolume, driver: VolumeDriver): VolumeRecord {
  return { name, driver: driver.name, created, labels: null, options: null };
}

function acceptRecord(value: unknown, key: string): VolumeRecord | undefined {
  const record = value as Partial<VolumeRecord>;
  if (record.name !== key || typeof record.driver !== 'string' || typeof record.created !== 'string') return undefined;
  try {
    checkName(key);
  } catch {
    return undefined;
  }
  return value as VolumeRecord;
}

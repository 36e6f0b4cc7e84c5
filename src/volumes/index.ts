// Volumes: made, found, mounted for containers, listed, removed. One driver, `local`.
import { rfc3339 } from '../base/clock.ts';
import { conflict, messageOf, notFound } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { KeyedMutex } from '../base/mutex.ts';
import { diskUsage } from '../host/sandbox/disk-usage.ts';
import type { Filters, Volume, VolumeListResponse, VolumePruneResponse } from '../spec/docker/index.ts';
import { decode, volumeCreate } from '../spec/docker/schemas/index.ts';
import type { RecordTable } from '../store/records/index.ts';
import { copyUp } from './copy-up.ts';
import { ANONYMOUS_LABEL, type Candidate, listFilter, pruneFilter } from './filter.ts';
import { LocalFolder } from './local.ts';
import type { VolumeEvents, VolumeUsers } from './ports.ts';
import { checkName, checkOptions } from './rules.ts';

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
  #pruning = false;

  constructor(input: VolumesInput) {
    this.#input = input;
    this.#folder = new LocalFolder(input.root);
    this.#volumes = input.records.load(acceptRecord);
    for (const name of this.#volumes.keys()) this.#folder.make(name);
  }

  /** POST /volumes/create: an existing name answers with what is there. Throws invalid, notFound. */
  async create(body: unknown): Promise<Volume> {
    const { Name, Driver, DriverOpts, Labels } = decode(volumeCreate, body, 'CreateOptions');
    const record = await this.#ensure({
      name: Name ?? '',
      driver: Driver ?? '',
      options: DriverOpts ?? null,
      labels: Labels ?? null,
    });
    return this.#show(record);
  }

  /** Finds or makes a volume for a container. */
  async ensure(wish: VolumeRequest): Promise<{ name: string; driver: string; mountpoint: string }> {
    const given = (map: VolumeRequest['options']): VolumeRequest['options'] =>
      map && Object.keys(map).length > 0 ? map : null;
    const { name, driver } = await this.#ensure({ ...wish, options: given(wish.options), labels: given(wish.labels) });
    return { name, driver, mountpoint: this.#folder.dataOf(name) };
  }

  async #ensure(wish: VolumeRequest): Promise<VolumeRecord> {
    const name = wish.name === '' ? randomId() : wish.name;
    if (wish.driver !== '' && wish.driver !== DRIVER) {
      throw notFound(
        `create ${name}: error looking up volume plugin ${wish.driver}: plugin "${wish.driver}" not found`,
      );
    }
    return this.#locks.run(name, () => {
      const found = this.#volumes.get(name);
      if (found) return Promise.resolve(found);
      checkName(name);
      checkOptions(name, wish.options ?? {});
      const labels = wish.name === '' ? { ...wish.labels, [ANONYMOUS_LABEL]: '' } : wish.labels;
      const record: VolumeRecord = {
        name,
        driver: DRIVER,
        created: rfc3339().replace(/\.\d+Z$/, 'Z'),
        labels: labels === null ? null : { ...labels },
        options: wish.options === null ? null : { ...wish.options },
      };
      this.#folder.make(name);
      this.#input.records.put(name, record);
      this.#volumes.set(name, record);
      this.#emit('create', name, { driver: DRIVER });
      return Promise.resolve(record);
    });
  }

  list(filters: Filters): VolumeListResponse {
    const wanted = listFilter(filters);
    const volumes = [...this.#volumes.values()].filter((one) => wanted(this.#candidate(one)));
    return {
      Volumes: volumes.map((one) => this.#show(one)).toSorted((a, b) => (a.Name < b.Name ? -1 : 1)),
      Warnings: null,
    };
  }

  /** Throws notFound `get x: no such volume`. */
  inspect(name: string): Volume {
    return this.#show(this.#get(name));
  }

  /** With `force` an absent volume is no error; one in use is refused all the same. */
  async remove(name: string, force = false): Promise<void> {
    await this.#locks.run(name, async () => {
      if (!this.#volumes.has(name)) {
        if (force) return;
        throw notFound(`get ${name}: no such volume`);
      }
      const users = this.#input.users.usersOf(name);
      if (users.length > 0) throw conflict(`remove ${name}: volume is in use - [${users.join(', ')}]`);
      await this.#destroy(name);
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
  async #destroy(name: string): Promise<void> {
    await this.#folder.remove(name);
    this.#input.records.delete(name);
    this.#volumes.delete(name);
    this.#holders.delete(name);
    this.#emit('destroy', name, { driver: DRIVER });
  }

  /** Throws conflict while another prune is at work. */
  async prune(filters: Filters, minor: number): Promise<VolumePruneResponse> {
    const wanted = pruneFilter(filters, minor);
    if (this.#pruning) throw conflict('a prune operation is already running');
    this.#pruning = true;
    try {
      const deleted: string[] = [];
      let reclaimed = 0;
      for (const record of [...this.#volumes.values()].filter((one) => wanted(this.#candidate(one)))) {
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
    const records = [...this.#volumes.values()];
    const sizes = await diskUsage(records.map(({ name }) => this.#folder.dataOf(name)));
    return records.map((record) => ({
      ...this.#show(record),
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
      await this.#folder.mount(name, record.options ?? {});
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
      return this.#folder.dataOf(name);
    });
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
      if ((holders?.size ?? 0) === 0 && record.options?.['device'] !== undefined) await this.#folder.unmount(name);
    });
  }

  /**
   * Fills an empty volume, or that `part` of it, with what the image has at `target`; `rootfs` is the container's mounted root
   * file system.
   */
  async copyUp(name: string, rootfs: string, target: string, part?: string): Promise<void> {
    await this.#locks.run(name, async () => {
      const { filling } = this.#get(name);
      await copyUp(rootfs, target, part ?? this.#folder.dataOf(name), {
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

  #show(record: VolumeRecord): Volume {
    return {
      CreatedAt: record.created,
      Driver: record.driver,
      Labels: record.labels,
      Mountpoint: this.#folder.dataOf(record.name),
      Name: record.name,
      Options: record.options,
      Scope: 'local',
    };
  }

  #emit(action: Parameters<VolumeEvents>[0]['action'], id: string, attributes: Record<string, string>): void {
    this.#input.events({ type: 'volume', action, id, attributes });
  }
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

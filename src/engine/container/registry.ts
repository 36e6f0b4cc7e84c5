// All containers of this daemon: found by id, prefix or name, and kept on disk.
import { conflict, invalid, notFound } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { Records, RecordTable } from '../../store/records/index.ts';
import { Container } from './container.ts';
import { givenOn } from './given.ts';
import { hasProcess } from '../lifecycle/index.ts';
import { acceptRecord, type ContainerRecord } from './record.ts';

/** Reads the records of all containers; what runs of them is not looked at yet. */
export function openContainers(records: Records): Registry {
  const table = records.table<ContainerRecord>('containers');
  const registry = new Registry(table);
  for (const record of table.load(acceptRecord).values()) registry.add(new Container(record));
  return registry;
}

export function nameInUse(name: string, owner: string): string {
  return `Conflict. The container name "/${name}" is already in use by container "${owner}". You have to remove (or rename) that container to be able to reuse that name.`;
}

export class Registry {
  readonly #byId = new Map<string, Container>();
  /** Names taken, also by containers that are still being made. */
  readonly #names = new Map<string, string>();
  readonly #table: RecordTable<ContainerRecord>;

  constructor(table: RecordTable<ContainerRecord>) {
    this.#table = table;
  }

  /** Takes a name for an id; throws Docker's conflict when it is taken. */
  reserve(name: string, id: string): void {
    const owner = this.#names.get(name);
    if (owner !== undefined) throw conflict(nameInUse(name, owner));
    this.#names.set(name, id);
  }

  release(name: string): void {
    this.#names.delete(name);
  }

  isTaken(name: string): boolean {
    return this.#names.has(name);
  }

  add(container: Container): void {
    this.#byId.set(container.id, container);
    this.#names.set(container.record.name, container.id);
  }

  /** One that is new; where it cannot be written it is not there. */
  insert(container: Container): void {
    this.#table.put(container.id, container.record);
    this.add(container);
  }

  save(container: Container): void {
    if (this.#byId.has(container.id)) this.#table.put(container.id, container.record);
  }

  remove(container: Container): void {
    this.#table.delete(container.id);
    this.#byId.delete(container.id);
    if (this.#names.get(container.record.name) === container.id) this.#names.delete(container.record.name);
  }

  all(): Container[] {
    return [...this.#byId.values()];
  }

  /** Also true for a record that could not be read: what belongs to it is not for us to throw away. */
  isRecorded(id: string): boolean {
    return this.#byId.has(id) || this.#table.has(id);
  }

  find(id: string): Container | undefined {
    return this.#byId.get(id);
  }

  /** undefined for a container that is gone. */
  nameOf(id: string): string | undefined {
    return this.#byId.get(id)?.record.name;
  }

  /** Addresses that stopped and running containers were given on a network by hand. */
  givenOn(network: { readonly id: string; readonly name: string }): ReturnType<typeof givenOn> {
    return givenOn(this.all(), network);
  }

  /** Containers that were made from this image or have it among their mounts. */
  usersOfImage(image: Digest): { readonly id: string; readonly running: boolean }[] {
    return this.all()
      .filter(({ record }) => record.image === image || record.mounts.some((mount) => mount.image === image))
      .map((container) => ({ id: container.id, running: hasProcess(container.state.phase) }));
  }

  /** Ids of containers that have this volume among their mounts. */
  usersOfVolume(name: string): string[] {
    return this.all()
      .filter(({ record }) => record.mounts.some((mount) => mount.Type === 'volume' && mount.Name === name))
      .map(({ id }) => id);
  }

  /** What links call the containers they lead to, by the id of each: `web/db` for the `db` of `web`. */
  linkNames(): Map<string, string[]> {
    const found = new Map<string, string[]>();
    for (const { record } of this.#byId.values())
      for (const { id, alias } of record.links ?? []) {
        const names = found.get(id) ?? [];
        found.set(id, names);
        names.push(`${record.name}/${alias}`);
      }
    return found;
  }

  #linked(name: string): Container | undefined {
    const [owner = '', alias] = name.split('/');
    const { record } = this.#byId.get(this.#names.get(owner) ?? '') ?? {};
    const link = record?.links?.find((one) => one.alias === alias);
    return link && this.#byId.get(link.id);
  }

  /** By full id, name, or a prefix of an id that only one has: in this order, as Docker does. */
  get(reference: string): Container {
    const found = this.lookup(reference);
    if (!found) throw notFound(`No such container: ${reference}`);
    return found;
  }

  lookup(reference: string): Container | undefined {
    const exact = this.#byId.get(reference);
    if (exact) return exact;
    const name = reference.replace(/^\//, '');
    const named = this.#byId.get(this.#names.get(name) ?? '') ?? this.#linked(name);
    if (named) return named;
    if (!/^[0-9a-f]+$/.test(reference)) return undefined;
    const matches = [...this.#byId.keys()].filter((id) => id.startsWith(reference));
    if (matches.length > 1) throw invalid(`multiple IDs found with provided prefix: ${reference}`);
    return matches[0] === undefined ? undefined : this.#byId.get(matches[0]);
  }
}

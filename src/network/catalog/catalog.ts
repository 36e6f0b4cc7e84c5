// The networks that there are: found by id, prefix or name, made, and kept on disk.
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { rfc3339 } from '../../base/clock.ts';
import { conflict, messageOf, notFound } from '../../base/errors.ts';
import { randomId } from '../../base/ids.ts';
import type { NetworkCreateBody } from '../../spec/docker/index.ts';
import type { RecordTable } from '../../store/records/index.ts';
import { type Block, parseBlock } from '../../base/address.ts';
import { driverNamed } from '../drivers/index.ts';
import { recordOf } from './create.ts';
import { findNetwork } from './find.ts';
import type { TakenBlocks } from '../ipam/ipam.ts';
import { linkExists } from '../links/links.ts';
import { predefined } from './predefined.ts';
import { acceptRecord, type NetworkRecord, PREDEFINED } from '../model/record.ts';
import type { Settings } from './settings.ts';

export interface CatalogFacts {
  readonly settings: Settings;
  /** Name of the default network's bridge. */
  readonly bridge: string;
  readonly uplinkMtu: number;
}

const randomBits = (): bigint => BigInt(`0x${randomBytes(7).toString('hex')}`);

export class Catalog {
  readonly #table: RecordTable<NetworkRecord>;
  readonly #networks: Map<string, NetworkRecord>;
  readonly #facts: CatalogFacts;
  /** What each network holds, read once. */
  readonly #blocks = new Map<string, TakenBlocks['networks']>();

  constructor(table: RecordTable<NetworkRecord>, facts: CatalogFacts) {
    this.#table = table;
    this.#networks = table.load(acceptRecord);
    this.#facts = facts;
    for (const record of this.#networks.values()) this.#blocks.set(record.id, blocksOf(record));
  }

  /** Without the default network where there is to be none: its containers have no network then, as with dockerd. */
  shown(): NetworkRecord[] {
    return this.all().filter((record) => this.isShown(record));
  }

  isShown({ name, driver }: NetworkRecord): boolean {
    return name !== 'bridge' || driver !== 'null';
  }

  all(): NetworkRecord[] {
    return [...this.#networks.values()];
  }

  /** By full id, name, or the beginning of an id. Throws notFound, or invalid when several fit. */
  get(reference: string): NetworkRecord {
    const found = this.find(reference);
    if (!found) throw notFound(`network ${reference} not found`);
    return found;
  }

  find(reference: string): NetworkRecord | undefined {
    return this.#networks.get(reference) ?? findNetwork(reference, this.all());
  }

  /** Remembered at once; its links come after. */
  create(body: NetworkCreateBody, host: readonly Block[]): NetworkRecord {
    const { Name: name } = body;
    if (this.all().some((one) => one.name === name) && !['bridge', 'host', 'none'].includes(name))
      throw conflict(`network with name ${name} already exists`);
    const record = recordOf(body, {
      id: randomId(),
      created: rfc3339(),
      pools: this.#facts.settings.pools,
      defaults: this.#facts.settings.defaults,
      taken: this.#taken(host),
      networks: this.all(),
      linkExists,
      driverNamed,
      random: randomBits(),
    });
    this.#put(record);
    return record;
  }

  /** The networks that every daemon has, made where they are missing; says why one could not be made. */
  ensurePredefined(host: () => readonly Block[]): string | undefined {
    let problem: string | undefined;
    for (const name of PREDEFINED) {
      if (this.all().some((one) => one.name === name)) continue;
      try {
        this.#put(this.#predefined(name, name === 'bridge' ? host() : []));
      } catch (error) {
        problem = messageOf(error);
      }
    }
    return problem;
  }

  /** The default network as the settings want it now; the same record when that is no change. */
  defaultNow(record: NetworkRecord, host: readonly Block[]): NetworkRecord {
    const fresh = this.#predefined('bridge', host, record);
    return isDeepStrictEqual(fresh, record) ? record : fresh;
  }

  put(record: NetworkRecord): void {
    this.#put(record);
  }

  #predefined(name: (typeof PREDEFINED)[number], host: readonly Block[], before?: NetworkRecord): NetworkRecord {
    const others = this.#taken(host);
    return predefined({
      name,
      id: before?.id ?? randomId(),
      created: before?.created ?? rfc3339(),
      ...this.#facts,
      taken: { ...others, networks: others.networks.filter((one) => one.name !== name) },
      random: randomBits(),
      ...(before ? { before } : {}),
    });
  }

  remove(record: NetworkRecord): void {
    this.#table.delete(record.id);
    this.#networks.delete(record.id);
    this.#blocks.delete(record.id);
  }

  #put(record: NetworkRecord): void {
    this.#table.put(record.id, record);
    this.#networks.set(record.id, record);
    this.#blocks.set(record.id, blocksOf(record));
  }

  #taken(host: readonly Block[]): TakenBlocks {
    return { networks: [...this.#blocks.values()].flat(), host };
  }
}

function blocksOf({ name, configOnly, ipam, ipv6 }: NetworkRecord): TakenBlocks['networks'] {
  if (configOnly) return [];
  return (ipam ?? []).flatMap(({ Subnet = '' }) => {
    const block = parseBlock(Subnet);
    return block && (block.family === 4 || ipv6) ? [{ name, block }] : [];
  });
}

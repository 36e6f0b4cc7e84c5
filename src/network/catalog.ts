// The networks that there are: found by id, prefix or name, made, and kept on disk.
import { randomBytes } from 'node:crypto';
import { rfc3339 } from '../base/clock.ts';
import { conflict, invalid, messageOf, notFound } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import type { NetworkCreateBody } from '../spec/docker/index.ts';
import type { RecordTable } from '../store/records/index.ts';
import { addressText, type Block, blockText, overlaps, parseBlock } from './address.ts';
import { recordOf } from './create.ts';
import { freeSubnet, type Pool, subnetOf, type TakenBlocks } from './ipam.ts';
import { linkExists } from './links.ts';
import { predefined } from './predefined.ts';
import { acceptRecord, type NetworkRecord, PREDEFINED } from './record.ts';

export class Catalog {
  readonly #table: RecordTable<NetworkRecord>;
  readonly #networks: Map<string, NetworkRecord>;
  readonly #pools: readonly Pool[];

  constructor(table: RecordTable<NetworkRecord>, pools: readonly Pool[]) {
    this.#table = table;
    this.#networks = table.load(acceptRecord);
    this.#pools = pools;
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
    const wanted = reference === 'default' ? 'bridge' : reference;
    const exact = this.#networks.get(wanted) ?? this.all().find(({ name }) => name === wanted);
    if (exact || wanted === '') return exact;
    const matches = this.all().filter(({ id }) => id.startsWith(wanted));
    if (matches.length > 1)
      throw invalid(`network ${reference} is ambiguous (${matches.length} matches found based on ID prefix)`);
    return matches[0];
  }

  /** Remembered at once; its links come after. */
  create(body: NetworkCreateBody, host: readonly Block[]): NetworkRecord {
    const { Name: name } = body;
    if (this.all().some((one) => one.name === name) && !['bridge', 'host', 'none'].includes(name))
      throw conflict(`network with name ${name} already exists`);
    const record = recordOf(body, {
      id: randomId(),
      created: rfc3339(),
      pools: this.#pools,
      taken: this.#taken(host),
      networks: this.all(),
      linkExists,
      random: BigInt(`0x${randomBytes(7).toString('hex')}`),
    });
    this.#put(record);
    return record;
  }

  /** The networks that every daemon has, made where they are missing; says why one could not be made. */
  ensurePredefined(facts: {
    bridge: string;
    mtu: number;
    bip: string | undefined;
    host: () => readonly Block[];
  }): string | undefined {
    let problem: string | undefined;
    for (const name of PREDEFINED) {
      if (this.all().some((one) => one.name === name)) continue;
      try {
        this.#put(
          predefined({
            name,
            id: randomId(),
            created: rfc3339(),
            bridge: facts.bridge,
            mtu: facts.mtu,
            bip: facts.bip,
            pools: this.#pools,
            taken: this.#taken(name === 'bridge' ? facts.host() : []),
          }),
        );
      } catch (error) {
        problem = messageOf(error);
      }
    }
    return problem;
  }

  /** A new subnet for the default network when the host has a route into its own; says which. */
  moveDefault(record: NetworkRecord, host: readonly Block[]): string | undefined {
    const block = parseBlock(record.ipam?.[0]?.Subnet ?? '');
    if (!block || record.givenSubnets.length > 0 || !host.some((one) => overlaps(one, block))) return undefined;
    const subnet = subnetOf(freeSubnet(this.#pools, this.#taken(host)), {});
    const Subnet = blockText(subnet.block);
    this.#put({ ...record, ipam: [{ Subnet, Gateway: addressText(subnet.gateway) }] });
    return Subnet;
  }

  remove(record: NetworkRecord): void {
    this.#table.delete(record.id);
    this.#networks.delete(record.id);
  }

  #put(record: NetworkRecord): void {
    this.#table.put(record.id, record);
    this.#networks.set(record.id, record);
  }

  #taken(host: readonly Block[]): TakenBlocks {
    const networks = this.all()
      .filter(({ configOnly }) => !configOnly)
      .flatMap(({ name, ipam, ipv6 }) =>
        (ipam ?? []).flatMap(({ Subnet = '' }) => {
          const block = parseBlock(Subnet);
          return block && (block.family === 4 || ipv6) ? [{ name, block }] : [];
        }),
      );
    return { networks, host };
  }
}

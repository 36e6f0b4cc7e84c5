// A new network: its number and subnet are chosen over what there is, and written only if nobody chose meanwhile.
import { conflict, forbidden, unavailable } from '../../base/errors.ts';
import { rfc3339 } from '../../base/clock.ts';
import { addressText, type Block, blockText, firstOf, overlaps, parseBlock } from '../../base/address.ts';
import { encode } from './cache.ts';
import type { Writer } from './writer.ts';
import type { Allocation, ClusterNetwork, NetworkSpec } from '../model/network.ts';
import { keys } from '../model/objects.ts';
import { freeBlock } from '../network/pool.ts';

export interface WantedSubnet {
  readonly block: Block;
  readonly gateway?: string;
}

export interface NewNetwork {
  readonly id: string;
  readonly spec: NetworkSpec;
  /** Without one of IPv4 there is one of the cluster's pools besides. */
  readonly subnets: readonly WantedSubnet[];
  /** Blocks that are not to be chosen, besides those of other networks. */
  readonly avoid: readonly Block[];
  /** What is said when the name is taken. */
  readonly taken: string;
}

/** Swarm's first, and the last that VXLAN has. */
const VNI = { first: 4096, last: 0xff_ffff } as const;
const ATTEMPTS = 32;

/** Gives its id. Throws in Docker's words. */
export async function writeNetwork(writer: Writer, wanted: NewNetwork): Promise<string> {
  const { store, cache } = writer;
  const { id, spec } = wanted;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const entry = await store.get(keys.allocation);
    // what the last writer of the allocation made is in the cache, or is waited for
    if (entry) await cache.reached(entry.revision);
    const networks = cache.all('networks');
    if (networks.some(({ Spec }) => Spec.Name === spec.Name)) throw conflict(wanted.taken);
    const last = entry ? (JSON.parse(entry.value) as Allocation).vni : VNI.first - 1;
    const vni = nextVni(last, networks);
    const now = rfc3339();
    const network: Omit<ClusterNetwork, 'Version'> = {
      ID: id,
      CreatedAt: now,
      UpdatedAt: now,
      Spec: spec,
      Vni: vni,
      Subnets: chosenSubnets(wanted, networks, cache.cluster),
      Given: wanted.subnets.some(({ block }) => block.family === 4),
    };
    const name = keys.name('networks', spec.Name);
    const revision = await store.commit({
      guards: [
        { key: keys.allocation, revision: entry?.revision ?? 0 },
        { key: name, revision: 0 },
      ],
      writes: [
        { put: keys.allocation, value: JSON.stringify({ vni } satisfies Allocation) },
        { put: name, value: id },
        { put: keys.network(id), value: encode<ClusterNetwork>(network) },
      ],
    });
    if (revision !== undefined) {
      await cache.reached(revision);
      return id;
    }
    if (await store.get(name)) throw conflict(wanted.taken);
  }
  throw unavailable('too many others make networks');
}

/** The next after the last, so that a number is given again as late as can be: a node that was away may still have the old network. */
export function nextVni(last: number, networks: readonly Pick<ClusterNetwork, 'Vni'>[]): number {
  const taken = new Set(networks.map(({ Vni }) => Vni));
  let vni = last;
  do vni = vni >= VNI.last ? VNI.first : vni + 1;
  while (taken.has(vni));
  return vni;
}

function chosenSubnets(
  { subnets, avoid }: NewNetwork,
  networks: readonly ClusterNetwork[],
  cluster: { readonly DefaultAddrPool: readonly string[]; readonly SubnetSize: number },
): ClusterNetwork['Subnets'] {
  const taken = networks.flatMap(({ Subnets }) => Subnets.flatMap(({ Subnet }) => parseBlock(Subnet) ?? []));
  for (const [index, { block }] of subnets.entries())
    if ([...taken, ...subnets.slice(0, index).map((one) => one.block)].some((one) => overlaps(one, block)))
      throw forbidden('invalid pool request: Pool overlaps with other one on this address space');
  if (subnets.some(({ block }) => block.family === 4)) return subnets.map(subnetText);
  const pools = cluster.DefaultAddrPool.flatMap((text) => parseBlock(text) ?? []);
  const block = freeBlock(pools, cluster.SubnetSize, [...taken, ...avoid]);
  if (!block) throw forbidden('could not find an available, non-overlapping IPv4 address pool among the defaults');
  return [{ block }, ...subnets].map(subnetText);
}

function subnetText({ block, gateway }: WantedSubnet): ClusterNetwork['Subnets'][number] {
  const first = addressText({ family: block.family, value: firstOf(block) + 1n });
  return { Subnet: blockText(block), Gateway: gateway ?? first };
}

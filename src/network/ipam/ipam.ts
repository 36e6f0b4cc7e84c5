// Which subnet a network gets and which address an endpoint: pure, over what is taken.
import { forbidden, internal, invalid } from '../../base/errors.ts';
import {
  type Address,
  type Block,
  blockText,
  contains,
  type Family,
  firstOf,
  lastOf,
  masked,
  overlaps,
  parseAddress,
  parseBlock,
  sameBlock,
  width,
} from '../../base/address.ts';

/** A pool is cut into subnets of `size` bits. */
export interface Pool {
  readonly base: Block;
  readonly size: number;
}

const pool = (base: string, size: number): Pool => {
  const block = parseBlock(base);
  if (!block) throw internal(`bad address pool ${base}`);
  return { base: block, size };
};

/** dockerd's ranges in slices of 254 addresses, so that a host has thousands of networks and few clashes. */
export const DEFAULT_POOLS: readonly Pool[] = [
  pool('172.17.0.0/16', 24),
  pool('172.18.0.0/15', 24),
  pool('172.20.0.0/14', 24),
  pool('172.24.0.0/13', 24),
  pool('192.168.0.0/16', 24),
];

/** So many holders are named when the pools are exhausted. */
const MAX_NAMED = 12;

/** One subnet of a network, with what it hands out. */
export interface Subnet {
  readonly block: Block;
  readonly gateway: Address;
  /** Where addresses are taken from; the whole subnet without it. */
  readonly range?: Block;
  readonly reserved: readonly Address[];
}

/** `networks` are subnets of this daemon's networks with their names, `host` what the host has routes or addresses for. */
export interface TakenBlocks {
  readonly networks: readonly { readonly name: string; readonly block: Block }[];
  readonly host: readonly Block[];
}

/** The first slice of the family's pools that nothing overlaps. Throws invalid when there is none, with who holds what in the hint. */
export function freeSubnet(pools: readonly Pool[], taken: TakenBlocks, family: Family = 4): Block {
  const spans = [...taken.networks.map(({ block }) => block), ...taken.host]
    .filter((one) => one.family === family)
    .map((one) => ({ low: firstOf(one), high: lastOf(one) }))
    .toSorted((a, b) => (a.low < b.low ? -1 : a.low > b.low ? 1 : 0));
  const mine = pools.filter(({ base }) => base.family === family);
  for (const { base, size } of mine) {
    const step = 1n << BigInt(width(family) - size);
    let value = firstOf(base);
    for (const { low, high } of spans) {
      if (high < value) continue;
      if (low >= value + step) break;
      value = (high / step + 1n) * step;
    }
    if (value + step - 1n <= lastOf(base)) return { family, value, bits: size };
  }
  throw invalid('all predefined address pools have been fully subnetted', { hint: holders(mine, taken) });
}

function holders(pools: readonly Pool[], taken: TakenBlocks): string {
  const inPools = (block: Block): boolean => pools.some(({ base }) => overlaps(base, block));
  const named = taken.networks
    .filter(({ block }) => inPools(block))
    .map(({ name, block }) => `${name} (${blockText(block)})`);
  const more = named.length - MAX_NAMED;
  const routes = taken.host.filter(
    (block) => inPools(block) && !taken.networks.some((one) => sameBlock(one.block, block)),
  );
  return [
    ...(named.length === 0
      ? []
      : [`networks hold them: ${named.slice(0, MAX_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`]),
    ...(routes.length === 0 ? [] : [`the host has routes to ${routes.slice(0, MAX_NAMED).map(blockText).join(', ')}`]),
  ].join('; ');
}

/** A unique local /64 out of random bits (RFC 4193), for a dual stack network without a subnet of its own. */
export function localV6(random: bigint): Block {
  return { family: 6, value: (0xfdn << 120n) | ((random & ((1n << 56n) - 1n)) << 64n), bits: 64 };
}

/** Throws forbidden, as dockerd does, when a wished subnet overlaps that of another network. */
export function checkFree(block: Block, taken: TakenBlocks): void {
  if (taken.networks.some((one) => overlaps(one.block, block)))
    throw forbidden('invalid pool request: Pool overlaps with other one on this address space');
}

/** The subnet as it is used: gateway given, or the first address that is neither reserved nor outside the range. */
export function subnetOf(
  block: Block,
  request: { readonly gateway?: string; readonly range?: string; readonly reserved?: Readonly<Record<string, string>> },
): Subnet {
  const range = request.range === undefined ? undefined : parseBlock(request.range);
  const reserved = Object.values(request.reserved ?? {})
    .map(parseAddress)
    .filter((one) => one !== undefined);
  const given = request.gateway === undefined ? undefined : parseAddress(request.gateway);
  const base = { block: masked(block), ...(range ? { range } : {}), reserved };
  if (given) return { ...base, gateway: given };
  const gateway = freeAddress({ ...base, gateway: { family: block.family, value: -1n } }, new Set());
  if (!gateway) throw internal('failed to allocate gateway (): no available addresses on this pool');
  return { ...base, gateway };
}

/** The lowest address that nobody has; undefined when the subnet is exhausted. `used` holds values. */
export function freeAddress(subnet: Subnet, used: ReadonlySet<bigint>): Address | undefined {
  const { block, range, reserved, gateway } = subnet;
  const { family } = block;
  const kept = new Set(reserved.map(({ value }) => value));
  const low = firstOf(range ?? block);
  const high = lastOf(range ?? block);
  for (let value = low; value <= high; value += 1n) {
    if (value === gateway.value || used.has(value) || kept.has(value) || isEdge(block, value)) continue;
    return { family, value };
  }
  return undefined;
}

/** The network's own address and the broadcast address, where a subnet is large enough to have them. */
function isEdge(block: Block, value: bigint): boolean {
  if (width(block.family) - block.bits < 2) return false;
  return value === firstOf(block) || (block.family === 4 && value === lastOf(block));
}

/** The wished address. Throws Docker's refusals: not in a subnet, or in use. */
export function takeAddress(subnets: readonly Subnet[], request: string, used: ReadonlySet<bigint>): Address {
  const address = parseAddress(request);
  const subnet = address && subnets.find(({ block }) => contains(block, address));
  if (!address || !subnet)
    throw invalid(`invalid address ${request}: It does not belong to any of this network's subnets`);
  const isKept = subnet.reserved.some(({ value }) => value === address.value);
  if (
    used.has(address.value) ||
    address.value === subnet.gateway.value ||
    isKept ||
    isEdge(subnet.block, address.value)
  )
    throw forbidden('Address already in use');
  return address;
}

export function exhausted(family: Family, network: { readonly name: string; readonly id: string }): Error {
  return internal(
    `no available IPv${family} addresses on this network's address pools: ${network.name} (${network.id})`,
  );
}

/** The blocks that a host's routes and addresses occupy; default routes and host routes of single links do not count. */
export function hostBlocks(
  routes: readonly { readonly destination: Address | undefined; readonly prefix: number }[],
): Block[] {
  return routes
    .filter((route) => route.prefix > 0 && route.destination !== undefined)
    .map((route) => masked({ ...(route.destination as Address), bits: route.prefix }));
}

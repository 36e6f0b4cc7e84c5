// The host ports of one container: claimed for its ways out, moved when those change, handed over to another.
import { BerthError } from '../../base/errors.ts';
import { listensOnIPv6 } from '../../host/port.ts';
import { hasNames, type Live, namesOf, type PortMap } from '../endpoints/container.ts';
import { type Endpoint, gatewayEndpoint, textOf } from '../endpoints/endpoint.ts';
import { isCopied } from '../firewall/firewall.ts';
import { bridgeOptions } from '../model/options.ts';
import { hasHost } from '../model/traits.ts';
import { type PortAllocator, portMap, type Published, wishesOf } from './publish.ts';
import type { NetworkRecord } from '../model/record.ts';

const FAMILIES = [4, 6] as const;

/** The endpoints that ports lead to, by family: those of the way out, where a bridge carries it. */
export function publishedOver(endpoints: readonly Endpoint[]): Record<4 | 6, Endpoint | undefined> {
  const over = (family: 4 | 6): Endpoint | undefined => {
    const way = gatewayEndpoint(endpoints, family);
    return way && hasHost(way.network) ? way : undefined;
  };
  return { 4: over(4), 6: over(6) };
}

export function publishedAddresses(endpoints: readonly Endpoint[]): Record<4 | 6, string> {
  const ways = publishedOver(endpoints);
  return { 4: ways[4] ? textOf(ways[4], 4) : '', 6: ways[6] ? textOf(ways[6], 6) : '' };
}

/** All that the container wishes, or nothing. Throws in dockerd's words. */
export function allocatePorts(book: PortAllocator, { request, endpoints }: Live): PortMap {
  const ways = publishedOver(endpoints);
  const way = ways[4] ?? ways[6];
  if (!way) return {};
  const { hostBinding } = bridgeOptions(way.network.options);
  const requests = wishesOf({
    ...request,
    families: FAMILIES.filter((family) => ways[family] !== undefined),
    routed: FAMILIES.filter((family) => isRouted(ways[family], family)),
    hostBinding: hostBinding === '0.0.0.0' ? undefined : hostBinding,
    hostIPv6: listensOnIPv6(),
  });
  try {
    return portMap(request.exposed, book.allocate(request.id, requests, publishedAddresses(endpoints)));
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    throw new BerthError(
      error.kind,
      `driver failed programming external connectivity on endpoint ${request.name} (${way.id}): ${error.message}`,
    );
  }
}

function isRouted(way: Endpoint | undefined, family: 4 | 6): boolean {
  return way !== undefined && bridgeOptions(way.network.options).mode[family] === 'routed';
}

/** After a change of the way out: the same host ports lead to the new one. */
export function moveClaims(book: PortAllocator, live: Live): PortMap {
  const before = book.of(live.request.id);
  const now = publishedAddresses(live.endpoints);
  if (before.length > 0 && before.every((one) => one.address === now[isCopied(one) ? 4 : one.family]))
    return portMap(live.request.exposed, before);
  book.release(live.request.id);
  return allocatePorts(book, live);
}

/** Aliases after the transfer. */
export interface Aliases {
  readonly from: readonly string[];
  readonly to: readonly string[];
}

export interface Transferred {
  /** of the container that took over */
  readonly ports: PortMap;
  /** what resolves to each of the two, by the network's name */
  readonly names: Record<string, { from: string[]; to: string[] }>;
}

/** Nothing on the host changes yet. */
export function handOver(
  published: readonly Published[],
  old: Live,
  next: Live,
  aliases: Readonly<Record<string, Aliases>>,
): Transferred {
  const names: Transferred['names'] = {};
  for (const [network, { from, to }] of Object.entries(aliases))
    names[network] = { from: rename(old, network, from), to: rename(next, network, to) };
  next.request = { ...next.request, bindings: old.request.bindings };
  old.request = { ...old.request, bindings: {} };
  return { ports: portMap(next.request.exposed, published), names };
}

function rename(live: Live, network: string, aliases: readonly string[]): string[] {
  const endpoint = live.endpoints.find((one) => one.network.name === network);
  if (endpoint) endpoint.names = namesWith(live, endpoint.network, aliases);
  return [...(endpoint?.names ?? [])];
}

/** Names that resolve to the container on a network, with these aliases. */
function namesWith(live: Live, network: NetworkRecord, aliases: readonly string[]): string[] {
  if (!hasNames(network)) return [];
  const settings = Object.entries(live.request.endpoints).find(
    ([key]) => key === network.name || key === network.id,
  )?.[1];
  return settings === undefined ? [] : namesOf(live.request, { ...settings, Aliases: [...aliases] });
}

// Hands what one container is reached by over to another: published ports, and aliases on the networks of both.
import { publishedAddresses } from './claim.ts';
import { hasNames, type Live, namesOf, type PortMap } from './container.ts';
import type { NetworkRecord } from './record.ts';
import { type PortBook, portMap } from './publish.ts';

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
  book: PortBook,
  old: Live,
  next: Live,
  aliases: Readonly<Record<string, Aliases>>,
): Transferred {
  const published = book.transfer(old.wish.id, next.wish.id, publishedAddresses(next.endpoints));
  const names: Transferred['names'] = {};
  for (const [network, { from, to }] of Object.entries(aliases))
    names[network] = { from: rename(old, network, from), to: rename(next, network, to) };
  next.wish = { ...next.wish, bindings: old.wish.bindings };
  old.wish = { ...old.wish, bindings: {} };
  return { ports: portMap(next.wish.exposed, published), names };
}

function rename(live: Live, network: string, aliases: readonly string[]): string[] {
  const endpoint = live.endpoints.find((one) => one.network.name === network);
  if (endpoint) endpoint.names = namesWith(live, endpoint.network, aliases);
  return [...(endpoint?.names ?? [])];
}

/** Names that resolve to the container on a network, with these aliases. */
function namesWith({ wish }: Live, network: NetworkRecord, aliases: readonly string[]): string[] {
  if (!hasNames(network)) return [];
  const settings = Object.entries(wish.endpoints).find(([key]) => key === network.name || key === network.id)?.[1];
  return settings === undefined ? [] : namesOf(wish, { ...settings, Aliases: [...aliases] });
}

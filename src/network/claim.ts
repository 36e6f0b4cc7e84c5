// The host ports of one container: claimed for its ways out, and moved when those change.
import { BerthError } from '../base/errors.ts';
import { listensOnIPv6 } from '../host/port.ts';
import type { Live, PortMap } from './container.ts';
import { type Endpoint, gatewayEndpoint, textOf } from './endpoint.ts';
import { isCopied } from './firewall.ts';
import { bridgeOptions } from './options.ts';
import { type PortBook, portMap, wishesOf } from './publish.ts';

const FAMILIES = [4, 6] as const;

/** The endpoints that ports lead to, by family: those of the way out, where a bridge carries it. */
export function publishedOver(endpoints: readonly Endpoint[]): Record<4 | 6, Endpoint | undefined> {
  const over = (family: 4 | 6): Endpoint | undefined => {
    const way = gatewayEndpoint(endpoints, family);
    return way?.network.driver === 'bridge' ? way : undefined;
  };
  return { 4: over(4), 6: over(6) };
}

export function publishedAddresses(endpoints: readonly Endpoint[]): Record<4 | 6, string> {
  const ways = publishedOver(endpoints);
  return { 4: ways[4] ? textOf(ways[4], 4) : '', 6: ways[6] ? textOf(ways[6], 6) : '' };
}

/** All that the container wishes, or nothing. Throws in dockerd's words. */
export function claimPorts(book: PortBook, { wish, endpoints }: Live): PortMap {
  const ways = publishedOver(endpoints);
  const way = ways[4] ?? ways[6];
  if (!way) return {};
  const { hostBinding } = bridgeOptions(way.network.options);
  const wishes = wishesOf({
    ...wish,
    families: FAMILIES.filter((family) => ways[family] !== undefined),
    routed: FAMILIES.filter((family) => isRouted(ways[family], family)),
    hostBinding: hostBinding === '0.0.0.0' ? undefined : hostBinding,
    hostIPv6: listensOnIPv6(),
  });
  try {
    return portMap(wish.exposed, book.claim(wish.id, wishes, publishedAddresses(endpoints)));
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    throw new BerthError(
      error.kind,
      `driver failed programming external connectivity on endpoint ${wish.name} (${way.id}): ${error.message}`,
    );
  }
}

function isRouted(way: Endpoint | undefined, family: 4 | 6): boolean {
  return way !== undefined && bridgeOptions(way.network.options).mode[family] === 'routed';
}

/** After a change of the way out: the same host ports lead to the new one. */
export function moveClaims(book: PortBook, live: Live): PortMap {
  const before = book.of(live.wish.id);
  const now = publishedAddresses(live.endpoints);
  if (before.length > 0 && before.every((one) => one.address === now[isCopied(one) ? 4 : one.family]))
    return portMap(live.wish.exposed, before);
  book.release(live.wish.id);
  return claimPorts(book, live);
}

// The host ports of one container: claimed for its way out, and moved when that changes.
import { BerthError } from '../base/errors.ts';
import type { Live, PortMap } from './container.ts';
import { gatewayEndpoint, textOf } from './endpoint.ts';
import { bridgeOptions } from './options.ts';
import { type PortBook, portMap, wishesOf } from './publish.ts';

/** All that the container wishes, or nothing. Throws in dockerd's words. */
export function claimPorts(book: PortBook, { wish, endpoints }: Live): PortMap {
  const way = gatewayEndpoint(endpoints);
  if (!way) return {};
  const families = way.addresses.map(({ family }) => family);
  const { hostBinding } = bridgeOptions(way.network.options);
  const wishes = wishesOf({ ...wish, families, hostBinding: hostBinding === '0.0.0.0' ? undefined : hostBinding });
  try {
    const published = book.claim(wish.id, wishes, { 4: textOf(way, 4), 6: textOf(way, 6) });
    return portMap(wish.exposed, published);
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    throw new BerthError(
      error.kind,
      `driver failed programming external connectivity on endpoint ${wish.name} (${way.id}): ${error.message}`,
    );
  }
}

/** After a change of the way out: the same host ports lead to the new one. */
export function moveClaims(book: PortBook, live: Live): PortMap {
  const before = book.of(live.wish.id);
  const way = gatewayEndpoint(live.endpoints);
  if (before.length > 0 && way && before.every((one) => one.address === textOf(way, one.family)))
    return portMap(live.wish.exposed, before);
  book.release(live.wish.id);
  return claimPorts(book, live);
}

// One container's interfaces: made from its endpoints, and the way out over one of them.
import type { Live } from './container.ts';
import { type Endpoint, gatewayEndpoint } from './endpoint.ts';
import * as links from './links.ts';
import { bridgeOptions } from './options.ts';

/** Makes the interface of an endpoint under the next free name. */
export function plugIn(
  namespace: string,
  endpoint: Endpoint,
  { hostLink, mtu }: { readonly hostLink: string; readonly mtu: number },
): void {
  const { network } = endpoint;
  const { icc, interfacePrefix } = bridgeOptions(network.options);
  endpoint.interfaceName = freeName(interfacePrefix, links.interfacesInside(namespace));
  links.plugIn(namespace, {
    hostLink,
    bridge: network.bridge,
    name: endpoint.interfaceName,
    mac: endpoint.mac,
    mtu,
    addresses: endpoint.addresses,
    isolated: !icc,
    hairpin: links.bridgedPacketsAreFiltered(),
  });
}

function freeName(prefix: string, taken: readonly string[]): string {
  let number = 0;
  while (taken.includes(`${prefix}${number}`)) number += 1;
  return `${prefix}${number}`;
}

/** The way out of a container leads over one of its networks. */
export function setWayOut({ namespace, endpoints }: Live): void {
  if (namespace === undefined || endpoints.every(({ network }) => network.driver !== 'bridge')) return;
  const way = gatewayEndpoint(endpoints);
  const name = way && interfaceOf(namespace, way);
  links.setGateways(namespace, name, way?.gateways ?? []);
}

/** Name of an endpoint's interface; after a restart of the daemon it is found by its address. */
function interfaceOf(namespace: string, endpoint: Endpoint): string | undefined {
  if (endpoint.interfaceName === '') endpoint.interfaceName = links.interfaceByMac(namespace, endpoint.mac) ?? '';
  return endpoint.interfaceName === '' ? undefined : endpoint.interfaceName;
}

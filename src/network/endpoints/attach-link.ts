// One container's interfaces: made from its endpoints, and the ways out over them.
import { closeSync } from 'node:fs';
import type { Live } from './container.ts';
import { type Endpoint, gatewayEndpoint, otherBlocks } from './endpoint.ts';
import * as links from '../links/links.ts';
import { driverOf } from '../drivers/index.ts';
import { bridgeOptions } from '../model/options.ts';
import { hasLinks } from '../model/traits.ts';

/** Makes the interface of an endpoint under the name that was wished, or the next free one. */
export function attachEndpoint(
  namespace: string,
  endpoint: Endpoint,
  { hostLink, mtu }: { readonly hostLink: string; readonly mtu: number },
): void {
  const { network, wishedName, mac, sysctls } = endpoint;
  const { interfacePrefix } = bridgeOptions(network.options);
  const taken = links.interfacesInside(namespace);
  // one that is made again has the name that it had
  const known = [wishedName, endpoint.interfaceName].find((one) => one !== '' && !taken.includes(one));
  const name = known ?? (wishedName === '' ? freeName(interfacePrefix, taken) : wishedName);
  const inside = {
    name,
    mac,
    mtu,
    sysctls,
    addresses: [...endpoint.addresses, ...endpoint.linkLocal],
    onLink: otherBlocks(endpoint),
  };
  endpoint.interfaceName = name;
  driverOf(network).attach(namespace, { network, inside, hostLink });
}

function freeName(prefix: string, taken: readonly string[]): string {
  let number = 0;
  while (taken.includes(`${prefix}${number}`)) number += 1;
  return `${prefix}${number}`;
}

/** Each family's way out of a container leads over one of its networks. */
export function setWayOut({ namespace, endpoints }: Live): void {
  if (namespace === undefined || !endpoints.some(({ network }) => hasLinks(network))) return;
  links.setGateways(
    namespace,
    ([4, 6] as const).flatMap((family) => {
      const way = gatewayEndpoint(endpoints, family);
      const name = way && interfaceOf(namespace, way);
      const gateway = way?.gateways.find((one) => one.family === family);
      return name !== undefined && gateway ? [{ name, gateway }] : [];
    }),
  );
}

/** Name of an endpoint's interface; after a restart of the daemon it is found by its address. */
export function interfaceOf(namespace: string, endpoint: Endpoint): string | undefined {
  if (endpoint.interfaceName === '') endpoint.interfaceName = links.interfaceByMac(namespace, endpoint.mac) ?? '';
  return endpoint.interfaceName === '' ? undefined : endpoint.interfaceName;
}

/** A namespace that was made ahead of its process is kept by that from now on, or goes. */
export function letGo(live: Live): void {
  if (live.held) closeSync(live.held.fd);
  live.held = undefined;
}

// Addresses that persons gave to containers, on one network: they are kept for them while they are stopped. Pure.
import type { Container } from './container.ts';

interface Given {
  readonly containerId: string;
  readonly addresses: readonly string[];
  readonly mac: string;
}

export function givenOn(
  containers: readonly Pick<Container, 'id' | 'record'>[],
  network: { readonly id: string; readonly name: string },
): Given[] {
  const found: Given[] = [];
  for (const { id, record } of containers)
    for (const [key, settings] of Object.entries(record.endpoints)) {
      // before its first start a container may name a network by its id
      if (key !== network.name && !(key.length > 3 && network.id.startsWith(key))) continue;
      const { IPv4Address = '', IPv6Address = '' } = settings.IPAMConfig ?? {};
      const addresses = [IPv4Address, IPv6Address].filter((text) => text !== '');
      const mac = record.macs?.[key] ?? '';
      if (addresses.length > 0 || mac !== '') found.push({ containerId: id, addresses, mac });
    }
  return found;
}

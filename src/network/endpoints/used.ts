// Addresses of a network that are not to be had: those in use, and those that persons gave to containers that are stopped. Pure.
import { parseAddress } from '../../base/address.ts';
import type { Endpoint } from './endpoint.ts';
import { bridgeMac } from '../model/names.ts';
import type { GivenAddresses } from './ports.ts';
import type { NetworkRecord } from '../model/record.ts';
import { hasBridge, sharesWire } from '../model/traits.ts';

export interface UsedAddresses {
  /** Values of addresses that running containers have. */
  readonly addresses: ReadonlySet<bigint>;
  /** Those and the ones that are kept for others: who names no address gets none of them. */
  readonly kept: ReadonlySet<bigint>;
  /** In lower case with colons: of running containers, and of the network's own bridge. */
  readonly macs: ReadonlySet<string>;
  readonly keptMacs: ReadonlySet<string>;
}

export function usedOn(
  network: NetworkRecord,
  { endpoints, given }: { readonly endpoints: readonly Endpoint[]; readonly given: readonly GivenAddresses[] },
): UsedAddresses {
  const own = endpoints.filter((one) => one.network.id === network.id);
  const addresses = own.flatMap((one) => one.addresses.map(({ value }) => value));
  const macs = endpoints.filter((one) => sharesWire(one.network, network)).map(({ mac }) => macText(mac));
  if (hasBridge(network)) macs.push(bridgeMac(network.id));
  const kept = given.flatMap((one) => one.addresses.flatMap((text) => parseAddress(text)?.value ?? []));
  return {
    addresses: new Set(addresses),
    kept: new Set([...addresses, ...kept]),
    macs: new Set(macs),
    keptMacs: new Set([...macs, ...given.map(({ mac }) => macText(mac))]),
  };
}

/** Groups of two with colons, whatever was written between them. */
export function macText(mac: string): string {
  const digits = mac.toLowerCase().replaceAll(/[^\da-f]/g, '');
  return (digits.match(/../g) ?? []).join(':');
}

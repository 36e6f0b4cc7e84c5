// Entries of one network's VXLAN link and bridge seen and changed. Effects only.
import { addressBytes, addressFrom, addressText, parseAddress } from '../../base/address.ts';
import { type Neighbour, Routing } from '../../host/netlink/index.ts';
import type { ObservedEntries, Op, OpKind, Step } from './plan.ts';

export interface EntryLinks {
  readonly bridge: string;
  readonly vxlan: string;
}

/** undefined while the links are not there. */
export function observeEntries({ bridge, vxlan }: EntryLinks): ObservedEntries | undefined {
  using routing = new Routing();
  const [over, under] = [routing.link(bridge)?.index, routing.link(vxlan)];
  if (over === undefined || under === undefined) return undefined;
  const forwarding = routing.forwarding(under.index).filter(({ mac }) => mac !== under.mac);
  const hosts = new Map<string, string[]>();
  for (const one of forwarding) {
    const host = textOf(one);
    if (!one.ofMaster && host !== '') hosts.set(one.mac, [...(hosts.get(one.mac) ?? []), host]);
  }
  return {
    hosts,
    bridged: new Set(forwarding.filter(({ ofMaster }) => ofMaster).map(({ mac }) => mac)),
    neighbours: new Map(
      routing
        .neighbours(over)
        .filter(({ permanent }) => permanent)
        .map((one) => [textOf(one), one.mac] as const)
        .filter(([text]) => text !== ''),
    ),
  };
}

function textOf({ address }: Neighbour): string {
  const read = address && addressFrom(address);
  return read ? addressText(read) : '';
}

export function applyEntries({ bridge, vxlan }: EntryLinks, steps: readonly Step[]): void {
  if (steps.length === 0) return;
  using routing = new Routing();
  const [over, under] = [routing.link(bridge)?.index ?? 0, routing.link(vxlan)?.index ?? 0];
  const bytes = (text: string): Uint8Array => {
    const address = parseAddress(text);
    return address ? addressBytes(address) : Buffer.alloc(4);
  };
  const handlers: { readonly [K in OpKind]: (op: Op<K>) => void } = {
    addForwarding: ({ mac, host }) => routing.setForwarding({ link: under, mac, host: bytes(host) }, true),
    removeForwarding: ({ mac, host }) => routing.setForwarding({ link: under, mac, host: bytes(host) }, false),
    addNeighbour: ({ address, mac }) => routing.setNeighbour(over, bytes(address), mac),
    removeNeighbour: ({ address }) => routing.setNeighbour(over, bytes(address), undefined),
  };
  for (const { op } of steps) (handlers[op.kind] as (op: Op) => void)(op);
}

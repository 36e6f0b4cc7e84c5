// Which hosts take packets for whom: entries of a VXLAN link and of its bridge, desired against observed. Pure.
import { memberMac } from './record.ts';
import type { OverlayMember, OverlayState } from '../../spec/berth/index.ts';

/** A member behind another host. */
export interface RemoteEntry {
  /** Of both families. */
  readonly addresses: readonly string[];
  readonly mac: string;
  /** Address of the host that it is on. */
  readonly host: string;
}

export interface ObservedEntries {
  /** Of the VXLAN link: hardware address to host. */
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  /** Hardware addresses that the bridge knows behind the link. */
  readonly bridged: ReadonlySet<string>;
  /** Permanent neighbours of the bridge: address to hardware address. */
  readonly neighbours: ReadonlyMap<string, string>;
}

export interface Ops {
  addForwarding: { readonly mac: string; readonly host: string };
  removeForwarding: { readonly mac: string; readonly host: string };
  addNeighbour: { readonly address: string; readonly mac: string };
  removeNeighbour: { readonly address: string };
}
export type OpKind = keyof Ops;
export type Op<K extends OpKind = OpKind> = { [P in K]: { readonly kind: P } & Ops[P] }[K];

export interface Step {
  readonly op: Op;
  readonly cause: string;
}

/** Addresses that a member has, IPv4 first. */
export function placesOf({ address, address6 }: Pick<OverlayMember, 'address' | 'address6'>): string[] {
  return address6 === undefined ? [address] : [address, address6];
}

/** Of other hosts whose address is known. */
export function remoteEntries({ members }: OverlayState, node: string): RemoteEntry[] {
  return members
    .filter((member) => member.node !== node && member.host !== '')
    .map((member) => ({ addresses: placesOf(member), host: member.host, mac: memberMac(member.address) }));
}

/** `local` are addresses of containers of this host, whose neighbour entries are made with their interfaces. */
export function planEntries(
  desired: readonly RemoteEntry[],
  observed: ObservedEntries,
  local: ReadonlySet<string>,
): Step[] {
  const steps: Step[] = [];
  const wanted = new Map(desired.map((entry) => [entry.mac, entry]));
  // who went comes first: an address may have moved to this host
  for (const [mac, hosts] of observed.hosts) {
    for (const host of hosts) {
      const entry = wanted.get(mac);
      if (!entry) steps.push({ op: { kind: 'removeForwarding', mac, host }, cause: 'nobody has this address there' });
      else if (entry.host !== host && hosts.length > 1)
        steps.push({ op: { kind: 'removeForwarding', mac, host }, cause: `it is at ${entry.host}` });
    }
  }
  for (const mac of observed.bridged)
    if (!wanted.has(mac) && !observed.hosts.has(mac))
      steps.push({ op: { kind: 'removeForwarding', mac, host: '0.0.0.0' }, cause: 'nobody has this address there' });
  const addresses = new Set(desired.flatMap((one) => one.addresses));
  for (const address of observed.neighbours.keys())
    if (!addresses.has(address) && !local.has(address))
      steps.push({ op: { kind: 'removeNeighbour', address }, cause: 'nobody has it any more' });
  for (const {
    addresses: [address = '', ...more],
    mac,
    host,
  } of desired) {
    const known = observed.hosts.get(mac) ?? [];
    if (!known.includes(host) || !observed.bridged.has(mac))
      steps.push({
        op: { kind: 'addForwarding', mac, host },
        cause: known.length > 0 && !known.includes(host) ? `it was at ${known.join(', ')}` : `${address} is there`,
      });
    for (const one of [address, ...more])
      if (observed.neighbours.get(one) !== mac && !local.has(one))
        steps.push({ op: { kind: 'addNeighbour', address: one, mac }, cause: `${one} is at ${host}` });
  }
  return steps;
}

/** One line a step, for the log and for tests. */
export function entriesText(steps: readonly Step[]): string {
  return steps
    .map(({ op: { kind, ...details }, cause }) => `${kind} ${Object.values(details).join(' ')}  # ${cause}`)
    .join('\n');
}

// Who is called what for each container: made of its networks' members when it asks, and kept until something changes.
import { addressText, contains, parseAddress } from '../../base/address.ts';
import { hasResolver, type Live } from '../endpoints/container.ts';
import { type Zone, type ZoneMember, zoneOf } from './index.ts';
import { type Endpoint, subnetsOf } from '../endpoints/endpoint.ts';
import { isPredefined, type NetworkRecord } from '../model/record.ts';
import { isGatewayBridge } from '../model/traits.ts';
import type { Member } from '../endpoints/show.ts';

/** Seconds: what is on another host may be somewhere else a moment later, and asking again costs nothing. */
const OVERLAY_TTL = 1;

export class Zones {
  readonly #members: (network: NetworkRecord) => readonly Member[];
  readonly #overlay: (network: NetworkRecord) => readonly ZoneMember[] | undefined;
  /** By network: who is on it, and whose zones were made of that. A change touches these alone. */
  readonly #networks = new Map<string, { readonly members: readonly Member[]; readonly askers: Set<Live> }>();
  readonly #made = new WeakMap<Live, Zone>();

  /** `overlay`: who is named on a network of several hosts; undefined for other networks. */
  constructor(
    members: (network: NetworkRecord) => readonly Member[],
    overlay: (network: NetworkRecord) => readonly ZoneMember[] | undefined = () => undefined,
  ) {
    this.#members = members;
    this.#overlay = overlay;
  }

  of(live: Live): Zone {
    let zone = this.#made.get(live);
    if (!zone) this.#made.set(live, (zone = zoneOf(this.#spec(live))));
    return zone;
  }

  /** Somebody came to one of these networks, left it, or has another name there. */
  changed(live: Live, networks: Iterable<NetworkRecord> = live.endpoints.map(({ network }) => network)): void {
    this.#made.delete(live);
    for (const { id } of networks) this.forget(id);
  }

  /** Other names are known on this network now. */
  forget(networkId: string): void {
    for (const asker of this.#networks.get(networkId)?.askers ?? []) this.#made.delete(asker);
    this.#networks.delete(networkId);
  }

  #on(network: NetworkRecord, asker: Live): readonly Member[] {
    let known = this.#networks.get(network.id);
    if (!known) this.#networks.set(network.id, (known = { members: this.#members(network), askers: new Set() }));
    known.askers.add(asker);
    return known.members;
  }

  #membersOn(network: NetworkRecord, live: Live, links: Endpoint['links']): readonly ZoneMember[] {
    const local = this.#on(network, live);
    const overlay = this.#overlay(network);
    if (!overlay) return local.map((member) => zoneMember(member, links));
    // who has just come here is not known to the others yet
    const known = new Set(overlay.flatMap(({ addresses }) => addresses.map(addressText)));
    const fresh = local.filter(({ endpoint }) => !endpoint.addresses.some((one) => known.has(addressText(one))));
    return [
      ...overlay,
      ...fresh.filter(({ name }) => !/\.[0-9a-z]{25}$/.test(name)).map((member) => zoneMember(member, links)),
    ];
  }

  #spec(live: Live): Parameters<typeof zoneOf>[0] {
    const named = live.endpoints.filter(({ network }) => !isGatewayBridge(network));
    const own = named.filter(({ network }) => hasResolver(network)).toSorted(asked);
    return {
      networks: own.map(({ network, links }) => ({
        name: network.name,
        members: this.#membersOn(network, live, links),
        ...(network.driver === 'overlay' ? { ttl: OVERLAY_TTL } : {}),
      })),
      blocks: own.flatMap(({ network }) => subnetsOf(network).map(({ block }) => block)),
      outside: live.endpoints.some(({ gateways }) => gateways.length > 0) || hasServerOn(own, live.request.dns),
      bareStaysInside: live.request.dnsOptions.some((option) => /^ndots:0*[1-9]/.test(option)),
    };
  }
}

/** A server that the container itself names, on one of its own networks, is asked from within: nothing leaves them. */
function hasServerOn(endpoints: readonly Endpoint[], servers: readonly string[]): boolean {
  const blocks = endpoints.flatMap(({ network }) => subnetsOf(network).map(({ block }) => block));
  return servers.some((text) => {
    const server = parseAddress(text);
    return server !== undefined && blocks.some((block) => contains(block, server));
  });
}

/** Which network is asked for a name first: as libnetwork orders endpoints, and the default network, which has no names there, last. */
function asked(a: Endpoint, b: Endpoint): number {
  return (
    Number(isPredefined(a.network)) - Number(isPredefined(b.network)) ||
    b.priority - a.priority ||
    Number(a.network.internal) - Number(b.network.internal) ||
    (a.network.name < b.network.name ? -1 : 1)
  );
}

/** `links` are the names that the asker alone has for others. */
function zoneMember(
  { containerId, name, endpoint }: Member,
  links: readonly { readonly target: string; readonly alias: string }[],
): ZoneMember {
  return {
    names: [
      name,
      ...endpoint.names,
      containerId.slice(0, 12),
      ...links
        .filter(({ target }) => target === name || (target.length >= 12 && containerId.startsWith(target)))
        .map(({ alias }) => alias),
    ],
    addresses: endpoint.addresses,
  };
}

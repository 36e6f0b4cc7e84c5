// Who is called what for each container: made of its networks' members when it asks, and kept until something changes.
import { hasResolver, type Live } from './container.ts';
import { type Zone, type ZoneMember, zoneOf } from './dns/index.ts';
import { subnetsOf } from './endpoint.ts';
import type { NetworkRecord } from './record.ts';
import type { Member } from './show.ts';

export class Zones {
  readonly #members: (network: NetworkRecord) => readonly Member[];
  #made = new WeakMap<Live, Zone>();

  constructor(members: (network: NetworkRecord) => readonly Member[]) {
    this.#members = members;
  }

  of(live: Live): Zone {
    let zone = this.#made.get(live);
    if (!zone) this.#made.set(live, (zone = zoneOf(this.#wish(live))));
    return zone;
  }

  /** Somebody came, went, or has another name. */
  changed(): void {
    this.#made = new WeakMap();
  }

  #wish(live: Live): Parameters<typeof zoneOf>[0] {
    const own = live.endpoints.filter(({ network }) => hasResolver(network));
    return {
      members: own.flatMap(({ network, links }) =>
        this.#members(network).map((member) => zoneMember(member, network, links)),
      ),
      blocks: own.flatMap(({ network }) => subnetsOf(network).map(({ block }) => block)),
      outside: live.endpoints.some(({ gateways }) => gateways.length > 0),
      bareStaysInside: live.wish.dnsOptions.some((option) => /^ndots:0*[1-9]/.test(option)),
    };
  }
}

/** `links` are the names that the asker alone has for others. */
function zoneMember(
  { containerId, name, endpoint }: Member,
  network: NetworkRecord,
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
    network: network.name,
    addresses: endpoint.addresses,
  };
}

// `network explain` and `ports`: what stops a connection, and who reaches what is published.
import { invalid } from '../../base/errors.ts';
import type { Explanation, PublishedPort } from '../../spec/berth/index.ts';
import { addressText, contains, parseAddress } from '../../base/address.ts';
import type { Live } from '../endpoints/container.ts';
import { gatewayEndpoint, subnetsOf } from '../endpoints/endpoint.ts';
import { hostAddresses } from '../links/links.ts';
import { bridgeOptions, macvlanOptions } from '../model/options.ts';
import type { Published } from '../publish/publish.ts';
import { hasLinks } from '../model/traits.ts';
import { explain } from './explain.ts';
import { exposures } from './exposure.ts';
import type { Elsewhere, Origin, Peer, Place } from './facts.ts';
import { observeHost, observeListeners } from './observe.ts';
import { isLoopback } from './sockets.ts';
import type { ContainerFacts, ContainerLookup } from './ports.ts';

/** What the networks of this daemon show of themselves. */
export interface NetworkView {
  live(containerId: string): Live | undefined;
  published(containerId: string): readonly Published[];
  isOwnTable(table: { readonly name: string }): boolean;
  readonly respectsFirewall: boolean;
}

export interface ExplainRequest {
  /** A container, `host`, or `outside`. */
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly protocol: string;
}

export class Explainer {
  readonly #networks: NetworkView;
  readonly #containers: ContainerLookup;

  constructor(networks: NetworkView, containers: ContainerLookup) {
    this.#networks = networks;
    this.#containers = containers;
  }

  /** Throws invalid for what is no question; that there is no such target is an answer. */
  async explain({ from, to, port, protocol }: ExplainRequest): Promise<Explanation> {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid(`invalid port: ${port}`);
    if (protocol !== 'tcp' && protocol !== 'udp') throw invalid(`invalid protocol: ${protocol}`);
    const origin = this.#origin(from);
    const target = this.#target(to, origin);
    const elsewhere = target ? undefined : this.#elsewhere(to, origin);
    return explain({ origin, to, target, elsewhere, port, protocol }, await this.#host());
  }

  async ports(): Promise<PublishedPort[]> {
    return exposures(this.#running(false), await this.#host());
  }

  #host(): ReturnType<typeof observeHost> {
    const networks = this.#networks;
    return observeHost((table) => networks.isOwnTable(table), networks.respectsFirewall);
  }

  #origin(reference: string): Origin {
    const found = this.#containers.lookup(reference);
    if (found) return { kind: 'container', peer: this.#peer(found) };
    if (reference === 'host' || reference === 'outside') return { kind: reference };
    throw invalid(`there is no container that is called ${reference}`, {
      hint: 'It can also be `host` for this machine, or `outside` for another one.',
    });
  }

  /** By name or id, by an alias on a network, or by address; a loopback is the asker's own. */
  #target(reference: string, origin: Origin): Peer | undefined {
    const named = this.#containers.lookup(reference);
    if (named) return this.#peer(named);
    const address = parseAddress(reference);
    const wanted = address && addressText(address);
    if (wanted !== undefined && isLoopback(wanted) && origin.kind === 'container' && !origin.peer.onHost)
      return origin.peer;
    const found = this.#containers
      .all()
      .find(({ id }) =>
        this.#networks
          .live(id)
          ?.endpoints.some(
            (endpoint) =>
              endpoint.names.includes(reference) ||
              (wanted !== undefined && endpoint.addresses.some((one) => addressText(one) === wanted)),
          ),
      );
    return found && this.#peer(found);
  }

  /** The host itself, one of its addresses, or an address of the world; undefined for what is none of these. */
  #elsewhere(reference: string, origin: Origin): Elsewhere | undefined {
    const address = parseAddress(reference);
    const text = address && addressText(address);
    if (reference === 'host' || (text !== undefined && hostAddresses().includes(text)))
      return {
        kind: 'host',
        address: text,
        peers: this.#running().filter((one) => one.ownerId === one.id),
        listeners: observeListeners(process.pid),
      };
    if (!address) return undefined;
    const { family } = address;
    const live = origin.kind === 'container' ? this.#networks.live(origin.peer.ownerId ?? origin.peer.id) : undefined;
    const near = live?.endpoints.find((endpoint) =>
      subnetsOf(endpoint.network).some(({ block }) => contains(block, address)),
    );
    const way = live && gatewayEndpoint(live.endpoints, family);
    const gateway = way?.gateways.find((one) => one.family === family);
    return {
      kind: 'address',
      family,
      near: near && placeOf(near),
      way: way && gateway ? { place: placeOf(way), gateway: addressText(gateway) } : undefined,
    };
  }

  #running(withListeners = true): Peer[] {
    return this.#containers
      .all()
      .filter(({ pid }) => pid !== undefined)
      .map((one) => this.#peer(one, withListeners));
  }

  #peer(facts: ContainerFacts, withListeners = true): Peer {
    const { id, pid } = facts;
    const owner = this.#networkOwner(facts);
    const live = this.#networks.live(owner.id);
    return {
      id,
      ownerId: owner.id,
      name: facts.name,
      phase: facts.phase,
      exitCode: facts.exitCode,
      onHost: owner.networkMode === 'host',
      alone: owner.networkMode === 'none',
      places: (live?.endpoints ?? []).filter(({ network }) => hasLinks(network)).map(placeOf),
      published: this.#networks.published(owner.id),
      listeners: withListeners && pid !== undefined ? observeListeners(pid) : [],
    };
  }

  /** A container that joined another one has the other's network. */
  #networkOwner(facts: ContainerFacts): ContainerFacts {
    if (!facts.networkMode.startsWith('container:')) return facts;
    return this.#containers.lookup(facts.networkMode.slice('container:'.length)) ?? facts;
  }
}

function placeOf({ network, addresses, names }: Live['endpoints'][number]): Place {
  return {
    network: network.name,
    bridge: network.bridge,
    ...(network.driver === 'macvlan' ? { wire: wireOf(network.options) } : {}),
    internal: network.internal,
    icc: bridgeOptions(network.options).icc,
    addresses: addresses.map(addressText),
    names,
  };
}

function wireOf(options: Readonly<Record<string, string>>): NonNullable<Place['wire']> {
  const { parent, mode } = macvlanOptions(options, () => true);
  return { parent, mode };
}

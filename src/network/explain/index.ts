// `network explain` and `ports`: what stops a connection, and who reaches what is published.
import { invalid } from '../../base/errors.ts';
import type { Explanation, PublishedPort } from '../../spec/berth/index.ts';
import { addressText, parseAddress } from '../address.ts';
import type { Live } from '../container.ts';
import { bridgeOptions, macvlanOptions } from '../options.ts';
import type { Published } from '../publish.ts';
import { hasLinks } from '../record.ts';
import { explain } from './explain.ts';
import { exposures } from './exposure.ts';
import type { Origin, Party, Place } from './facts.ts';
import { observeHost, observeListeners } from './observe.ts';
import type { ContainerFacts, ContainerLookup } from './ports.ts';

/** What the networks of this daemon show of themselves. */
export interface NetworkView {
  live(containerId: string): Live | undefined;
  published(containerId: string): readonly Published[];
  isOwnTable(table: { readonly name: string }): boolean;
  readonly respectsFirewall: boolean;
}

export interface ExplainWish {
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
  async explain({ from, to, port, protocol }: ExplainWish): Promise<Explanation> {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid(`invalid port: ${port}`);
    if (protocol !== 'tcp' && protocol !== 'udp') throw invalid(`invalid protocol: ${protocol}`);
    const target = this.#target(to);
    return explain(
      { origin: this.#origin(from), to, target: target && this.#party(target), port, protocol },
      await this.#host(),
    );
  }

  async ports(): Promise<PublishedPort[]> {
    const parties = this.#containers.all().filter(({ pid }) => pid !== undefined);
    return exposures(
      parties.map((one) => this.#party(one, false)),
      await this.#host(),
    );
  }

  #host(): ReturnType<typeof observeHost> {
    const networks = this.#networks;
    return observeHost((table) => networks.isOwnTable(table), networks.respectsFirewall);
  }

  #origin(reference: string): Origin {
    const found = this.#containers.lookup(reference);
    if (found) return { kind: 'container', party: this.#party(found) };
    if (reference === 'host' || reference === 'outside') return { kind: reference };
    throw invalid(`there is no container that is called ${reference}`, {
      hint: 'It can also be `host` for this machine, or `outside` for another one.',
    });
  }

  /** By name or id, by an alias on a network, or by address. */
  #target(reference: string): ContainerFacts | undefined {
    const named = this.#containers.lookup(reference);
    if (named) return named;
    const address = parseAddress(reference);
    const wanted = address && addressText(address);
    return this.#containers
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
  }

  #party(facts: ContainerFacts, withListeners = true): Party {
    const { id, pid } = facts;
    const owner = this.#networkOwner(facts);
    const live = this.#networks.live(owner.id);
    return {
      id,
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

// Interfaces of running containers: made on their networks, and taken off them.
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { forgetNeighbours, linkExists, removeInside, removeLinks } from '../links/links.ts';
import { type HostNames, vethName } from '../model/names.ts';
import type { NetworkRecord } from '../model/record.ts';
import { hasBridge, hasLinks } from '../model/traits.ts';
import { attachEndpoint, interfaceOf } from './attach-link.ts';
import type { Live } from './container.ts';
import { type Endpoint, mtuOf } from './endpoint.ts';

export interface InterfacesInput {
  readonly names: HostNames;
  readonly uplinkMtu: number;
  readonly log: Log;
  /** Makes what is lacking of a network's bridge, at once. */
  readonly bridge: (network: NetworkRecord) => void;
}

export class Interfaces {
  readonly #input: InterfacesInput;
  readonly #dropping = new Set<Promise<void>>();

  constructor(input: InterfacesInput) {
    this.#input = input;
  }

  attach(live: Live, endpoint: Endpoint): void {
    const { names, uplinkMtu, bridge } = this.#input;
    const { network } = endpoint;
    if (live.namespace === undefined || !hasLinks(network)) return;
    if (hasBridge(network) && !linkExists(network.bridge)) bridge(network);
    attachEndpoint(live.namespace, endpoint, {
      hostLink: vethName(names, endpoint.id),
      mtu: mtuOf(network, uplinkMtu),
    });
  }

  async detach({ namespace }: Live, endpoint: Endpoint): Promise<void> {
    const name = namespace === undefined ? undefined : interfaceOf(namespace, endpoint);
    if (hasBridge(endpoint.network)) await this.#remove(endpoint);
    else if (namespace !== undefined && name !== undefined) removeInside(namespace, name);
  }

  /** Pairs whose namespace is going, or stays for another container that joined it: taken away beside what follows. */
  drop(endpoints: readonly Endpoint[]): void {
    const bridged = endpoints.filter(({ network }) => hasBridge(network));
    const dropped = Promise.all(bridged.map((endpoint) => this.#remove(endpoint)))
      .catch((error: unknown) => this.#input.log.warn(`a pair could not be taken away: ${messageOf(error)}`))
      .then(() => void this.#dropping.delete(dropped));
    this.#dropping.add(dropped);
  }

  /** Resolves when all that was dropped is gone. */
  async dropped(): Promise<void> {
    await Promise.all(this.#dropping);
  }

  async #remove({ id, network, addresses }: Endpoint): Promise<void> {
    await removeLinks([vethName(this.#input.names, id)]);
    forgetNeighbours(network.bridge, addresses);
  }
}

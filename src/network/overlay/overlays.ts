// Overlay networks on this host: what was said of them last, brought to links, entries, rules and names.
import { setTimeout as pause } from 'node:timers/promises';
import { addressText } from '../../base/address.ts';
import { messageOf, unavailable } from '../../base/errors.ts';
import type { Network } from '../../spec/docker/index.ts';
import type { Log } from '../../base/log.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { type ContainerNetworks, identityOf, inOrder, type Live } from '../endpoints/container.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { mtuAt } from '../links/links.ts';
import { vxlanName } from '../model/names.ts';
import type { NetworkRecord } from '../model/record.ts';
import { applyEntries, observeEntries } from './entries.ts';
import { Flows, leftBetween } from './flows.ts';
import { Mesh } from './mesh-host.ts';
import { type NamedAddresses, overlayNames } from './names.ts';
import { entriesText, planEntries, remoteEntries } from './plan.ts';
import { recordOfState } from './record.ts';
import { Sandboxes } from './sandbox.ts';
import type { OverlayState } from '../../spec/berth/index.ts';
import type { Joiner } from './joiner.ts';

export interface OverlaysInput {
  readonly log: Log;
  /** Name of the daemon's table. */
  readonly table: string;
  readonly catalog: Pick<Catalog, 'all' | 'find' | 'put' | 'remove'>;
  readonly live: () => Iterable<Live>;
  /** Makes what is lacking of a network's links, at once. */
  readonly link: (network: NetworkRecord) => void;
  readonly unlink: (network: NetworkRecord) => Promise<void>;
  /** Names on the network are others now. */
  readonly renamed: (network: NetworkRecord) => void;
  /** What containers get out by is there, or not needed any more. */
  readonly gateway: (needed: boolean) => Promise<void>;
}

/** Addresses without their prefixes. */
interface Place {
  readonly address: string;
  readonly address6?: string;
}

function bare({ address, address6 }: Place): Place {
  const without = (text: string): string => text.split('/')[0] ?? '';
  return { address: without(address), ...(address6 === undefined ? {} : { address6: without(address6) }) };
}

/** So long a state is waited for, and looked for so often, milliseconds. */
const SAID_MS = 5000;
const SAID_STEP_MS = 5;

export class Overlays {
  readonly #input: OverlaysInput;
  #states = new Map<string, { readonly state: OverlayState; readonly text: string }>();
  /** States whose links are there. */
  #applied: ReadonlyMap<string, OverlayState> = new Map();
  #node = '';
  #joiner: Joiner | undefined;
  /** Of containers that asked for a place: by container, then by network. */
  readonly #places = new Map<string, Map<string, Place>>();
  readonly #mesh: Mesh;
  readonly #sandboxes: Sandboxes;
  readonly #flows: Flows;

  constructor(input: OverlaysInput) {
    this.#input = input;
    this.#mesh = new Mesh(input.table, input.log);
    this.#flows = new Flows(input.log);
    this.#sandboxes = new Sandboxes((live) => this.#statesOf(live));
  }

  /** Twice is once. Records are there when it returns; it resolves when the kernel knows as well. */
  async apply(node: string, states: readonly OverlayState[]): Promise<void> {
    const { catalog, log } = this.#input;
    this.#node = node;
    const before = this.#states;
    this.#states = new Map(states.map((state) => [state.id, { state, text: JSON.stringify(state) }]));
    const changed = states.filter(({ id }) => before.get(id)?.text !== this.#states.get(id)?.text);
    for (const state of changed) this.#keep(state);
    const gone = catalog.all().filter(({ driver, id }) => driver === 'overlay' && !this.#isNeeded(id));
    for (const record of gone) if (!this.#states.has(record.id)) catalog.remove(record);
    await this.#input.gateway(states.length > 0);
    await Promise.all(gone.map((record) => this.#leave(record)));
    for (const { id } of changed) this.#linkUp(id);
    this.#applied = new Map(states.filter(({ active }) => active).map((state) => [state.id, state]));
    const ids = new Set(changed.map(({ id }) => id));
    const touched = [...this.#input.live()].filter(({ endpoints }) =>
      endpoints.some(({ network }) => ids.has(network.id)),
    );
    const ingress = changed.some((state) => state.ingress) || gone.some((record) => record.ingress);
    const all = await Promise.allSettled([
      ...touched.map((live) => this.#sandboxes.bring(live)),
      ...(ingress ? [this.#bringMesh()] : []),
    ]);
    for (const one of all) if (one.status === 'rejected') log.warn(`overlay networks: ${messageOf(one.reason)}`);
    const left = [...new Set([...before.keys(), ...ids])].map((id) =>
      leftBetween(before.get(id)?.state, this.#states.get(id)?.state),
    );
    const [absent, unready] = [left.flatMap((one) => one.gone), left.flatMap((one) => one.unready)];
    this.#flows.forget({ gone: absent, unready }, touched);
  }

  /** Containers of this host are on it, or it is said to be on it. */
  #isNeeded(id: string): boolean {
    if (this.#states.get(id)?.state.active) return true;
    return [...this.#input.live()].some(({ endpoints }) => endpoints.some(({ network }) => network.id === id));
  }

  #keep(state: OverlayState): void {
    const { catalog } = this.#input;
    const host = state.members.find(({ node, host }) => node === this.#node && host !== '')?.host;
    const record = recordOfState(state, { node: this.#node, pathMtu: mtuAt(host ?? '') });
    const known = catalog.find(state.id);
    if (known && !state.active && known.overlay) return;
    if (JSON.stringify(known) !== JSON.stringify(record)) catalog.put(record);
  }

  async #leave(record: NetworkRecord): Promise<void> {
    if (!record.overlay) return;
    const { overlay: _, ...head } = record;
    if (this.#states.has(record.id)) this.#input.catalog.put(head);
    await this.#input
      .unlink(record)
      .catch((error: unknown) => this.#input.log.warn(`overlay network ${record.name}: ${messageOf(error)}`));
  }

  #linkUp(id: string): void {
    const record = this.#input.catalog.find(id);
    if (!record?.overlay) return;
    try {
      this.#input.link(record);
      this.#bringEntries(record);
    } catch (error) {
      this.#input.log.warn(`overlay network ${record.name}: ${messageOf(error)}`);
    }
    this.#input.renamed(record);
  }

  #bringEntries(record: NetworkRecord): void {
    const state = this.#states.get(record.id)?.state;
    const links = { bridge: record.bridge, vxlan: vxlanName(record.id) };
    const observed = state && observeEntries(links);
    if (!observed) return;
    const local = [...this.#input.live()].flatMap(({ endpoints }) =>
      endpoints
        .filter(({ network }) => network.id === record.id)
        .flatMap(({ addresses }) => addresses.map(addressText)),
    );
    const steps = planEntries(remoteEntries(state, this.#node), observed, new Set(local));
    if (steps.length === 0) return;
    this.#input.log.debug(`entries of ${record.name}:\n${entriesText(steps)}`);
    applyEntries(links, steps);
  }

  #bringMesh(): Promise<void> {
    const found = [...this.#states.values()].find(({ state }) => state.ingress && state.active);
    const record = found && this.#input.catalog.find(found.state.id);
    return this.#mesh.bring(
      found && record?.overlay?.address ? { state: found.state, bridge: record.bridge } : undefined,
    );
  }

  /** Links of these names were made anew: what they knew is gone. */
  relinked(names: ReadonlySet<string>): void {
    for (const record of this.#input.catalog.all())
      if (record.overlay && (names.has(record.bridge) || names.has(vxlanName(record.id)))) this.#bringEntries(record);
  }

  /** Rules of others have changed. */
  repair(): void {
    this.#mesh
      .repair()
      .catch((error: unknown) => this.#input.log.warn(`published ports of services: ${messageOf(error)}`));
  }

  #statesOf({ endpoints }: Live): OverlayState[] {
    return endpoints.flatMap(({ network }) => this.#states.get(network.id)?.state ?? []);
  }

  /** The container's interfaces are there. */
  attached(live: Live): Promise<void> {
    return this.#sandboxes.bring(live);
  }

  /** Undefined for other networks. */
  names(network: NetworkRecord): readonly NamedAddresses[] | undefined {
    const state = this.#states.get(network.id)?.state;
    return state && overlayNames(state);
  }

  /** Hosts that are on the network, as inspect shows them. */
  peers({ id, driver }: NetworkRecord): Pick<Network, 'Peers'> {
    if (driver !== 'overlay') return {};
    const members = this.#states.get(id)?.state.members ?? [];
    const hosts = [...new Set(members.map(({ host }) => host))].filter((host) => host !== '');
    return { Peers: hosts.map((host) => ({ Name: host, IP: host })) };
  }

  /** Of networks of several hosts: all that a manager knows, or those that this host is on. */
  visible(own: readonly NetworkRecord[], cluster: readonly OverlayState[] | undefined): NetworkRecord[] {
    if (!cluster) return own.filter(({ id, driver }) => driver !== 'overlay' || this.isHere(id));
    return [...own.filter(({ driver }) => driver !== 'overlay'), ...cluster.map((state) => this.#recordOf(state))];
  }

  /** As this host would keep it. */
  #recordOf(state: OverlayState): NetworkRecord {
    return this.#input.catalog.find(state.id) ?? recordOfState(state, { node: this.#node, pathMtu: 1500 });
  }

  /** There is something of the network on this host. */
  isHere(id: string): boolean {
    return this.#states.get(id)?.state.active ?? false;
  }

  // ---- containers that ask for a place

  set joiner(joiner: Joiner | undefined) {
    this.#joiner = joiner;
  }

  joined(): string[] {
    return [...this.#input.live()].filter((live) => this.#hasPlace(live)).map((live) => identityOf(live).id);
  }

  /** Addresses for a container that is to be on overlay networks. Throws in Swarm's words. */
  async prepare(request: ContainerNetworks): Promise<void> {
    for (const [key, settings] of inOrder(request)) {
      const network = this.#input.catalog.find(key);
      // one that is not known here may be the cluster's all the same
      if (network ? network.driver !== 'overlay' : !this.#joiner) continue;
      const { IPv4Address: wanted = '', IPv6Address: address6 = '' } = settings.IPAMConfig ?? {};
      if (network && this.#isTask(network.id, request.name, wanted)) continue;
      if (!this.#joiner) throw unavailable('this node is in no cluster, or its managers do not answer');
      const given = await this.#joiner.join({
        network: network?.id ?? key,
        container: request.id,
        name: request.name,
        aliases: settings.Aliases ?? [],
        address: wanted,
        address6,
      });
      const place = bare(given);
      const places = this.#places.get(request.id) ?? new Map<string, Place>();
      const known = network ?? this.#input.catalog.find(key);
      if (known) places.set(known.id, place);
      this.#places.set(request.id, places);
      if (known) await this.#isSaid(known.id, place.address);
    }
  }

  /** The answer to who asks for a place may come before the state in which it is there, and just behind one in which this host was not on the network. */
  async #isSaid(id: string, address: string): Promise<void> {
    for (const end = Date.now() + SAID_MS; Date.now() < end; await pause(SAID_STEP_MS)) {
      const ready = this.#applied.get(id);
      if (ready?.members.some((one) => one.address === address && one.node === this.#node)) return;
    }
  }

  #isTask(id: string, name: string, address: string): boolean {
    const members = this.#states.get(id)?.state.members ?? [];
    return members.some(
      (one) =>
        one.service !== undefined && one.node === this.#node && one.address === address && one.names.includes(name),
    );
  }

  placeOf(containerId: string, networkId: string): Place | undefined {
    return this.#places.get(containerId)?.get(networkId);
  }

  /** It is on an overlay network, and no task. */
  #hasPlace(live: Live): boolean {
    return live.endpoints.some(({ network, addresses }) => {
      const [address] = addresses;
      return (
        network.driver === 'overlay' &&
        address &&
        !this.#isTask(network.id, identityOf(live).name, addressText(address))
      );
    });
  }

  /** The container goes on without this network. */
  async detached(live: Live, { network, addresses }: Endpoint): Promise<void> {
    if (network.driver !== 'overlay') return;
    const { id, name } = identityOf(live);
    this.#places.get(id)?.delete(network.id);
    const [address] = addresses;
    if (address && !this.#isTask(network.id, name, addressText(address))) this.#joiner?.leave(id, network.id);
    await this.#sandboxes.bring(live);
  }

  left(live: Live): void {
    this.#places.delete(identityOf(live).id);
    if (this.#hasPlace(live)) this.#joiner?.leave(identityOf(live).id);
  }

  close(): void {
    this.#flows.close();
    this.#mesh.close();
  }
}

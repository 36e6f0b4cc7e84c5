// Networks and who is on them: the state that bridges, firewall and names are derived from.
import { BerthError, conflict, forbidden, internal, messageOf, notFound } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { newNetworkNamespace } from '../host/netlink/index.ts';
import type {
  EndpointSettings,
  Filters,
  Network,
  NetworkCreateBody,
  NetworkCreateResponse,
  NetworkPruneResponse,
} from '../spec/docker/index.ts';
import type { RecordTable } from '../store/records/index.ts';
import { Catalog } from './catalog/catalog.ts';
import { pruneNetworks } from './catalog/prune.ts';
import { checkRemove } from './catalog/check-remove.ts';
import { Interfaces } from './endpoints/interfaces.ts';
import {
  type ContainerNetworks,
  type FileFacts,
  type Given,
  filesOf,
  hasNames,
  hasResolver,
  inOrder,
  type Live,
  namesOf,
  type PortMap,
} from './endpoints/container.ts';
import { NameServer } from './dns/index.ts';
import { gatewayBridgeBody, isOwnGatewayBridge, withGateway } from './overlay/gateway.ts';
import { Overlays } from './overlay/overlays.ts';
import type { OverlayState } from '../spec/berth/index.ts';
import { findNetwork, inScope } from './catalog/find.ts';
import {
  emptied,
  type Endpoint,
  endpointFrom,
  filled,
  hostGateways,
  makeEndpoint,
  mtuOf,
  withAddresses,
} from './endpoints/endpoint.ts';
import { listFilter, pruneFilter } from './catalog/filter.ts';
import type { NetworkView } from './explain/index.ts';
import { FORWARD_TABLE, ForwardGuard } from './firewall/forward-guard.ts';
import { InputGuard } from './firewall/input-guard.ts';
import * as links from './links/links.ts';
import { type HostNames, hostNames } from './model/names.ts';
import { renewDefault } from './catalog/renew-default.ts';
import { letGo, setWayOut } from './endpoints/attach-link.ts';
import type { ContainerNames, NetworkEvents } from './endpoints/ports.ts';
import {
  type Aliases,
  allocatePorts,
  handOver,
  moveClaims,
  publishedAddresses,
  type Transferred,
} from './publish/allocate-ports.ts';
import { OPTION } from './model/options.ts';
import { PortAllocator, publishedFrom } from './publish/publish.ts';
import { usedOn } from './endpoints/used.ts';
import type { NetworkRecord } from './model/record.ts';
import { GATEWAY_BRIDGE, hasLinks } from './model/traits.ts';
import { Reconciler } from './reconcile/reconcile.ts';
import { replugging } from './endpoints/recreate-veth.ts';
import { removeFromHost } from './reconcile/remove.ts';
import { onGivenBridge, readSettings, type Settings, type SettingsInput } from './catalog/settings.ts';
import { type Member, membersOf, shown } from './endpoints/show.ts';
import { Zones } from './dns/zones.ts';

export interface NetworksInput {
  /** At least eight hex digits, the same at every start of a daemon with this data root. */
  readonly instance: string;
  readonly log: Log;
  readonly records: RecordTable<NetworkRecord>;
  readonly containers: ContainerNames;
  readonly events: NetworkEvents;
  readonly settings: SettingsInput;
}

const SETUP = 'failed to set up container networking: ';

export class Networks {
  readonly #input: NetworksInput;
  readonly #names: HostNames;
  readonly #settings: Settings;
  readonly #catalog: Catalog;
  readonly #ports = new PortAllocator();
  readonly #live = new Map<string, Live>();
  readonly #reconciler: Reconciler;
  readonly #dns: NameServer;
  readonly #interfaces: Interfaces;
  readonly #zones = new Zones(
    (network) => this.#members(network),
    (network) => this.overlays.names(network),
  );
  /** Networks of several hosts. */
  readonly overlays: Overlays;
  readonly #uplinkMtu: number;
  #pruning = false;

  constructor(input: NetworksInput) {
    this.#input = input;
    this.#names = hostNames(input.instance);
    this.#settings = onGivenBridge(readSettings(input.settings), links.addressesOf);
    this.#uplinkMtu = links.uplinkMtu();
    this.#catalog = new Catalog(input.records, {
      settings: this.#settings,
      bridge: this.#settings.bridge.name || this.#names.defaultBridge,
      uplinkMtu: this.#uplinkMtu,
    });
    const problem = this.#catalog.ensurePredefined(links.observeHostBlocks);
    if (problem !== undefined) input.log.error(`there is no default network: ${problem}`);
    this.#reconciler = new Reconciler({
      names: this.#names,
      log: input.log,
      networks: () => this.#catalog.all(),
      live: () => [...this.#live.values()],
      published: (containerId) => this.#ports.of(containerId),
      mtuOf: (network) => mtuOf(network, this.#uplinkMtu),
      forwarding: this.#settings.forwarding
        ? new ForwardGuard({ log: input.log, drop: this.#settings.forwardingDrops })
        : undefined,
      relinked: (names) => this.overlays.relinked(names),
      othersChanged: () => this.overlays.repair(),
      recreateVeth: (hostLink) =>
        replugging(hostLink, this.#live.values(), { names: this.#names, uplinkMtu: this.#uplinkMtu }),
      guard: this.#settings.respectsFirewall
        ? new InputGuard({ prefix: this.#names.table, log: input.log, published: () => this.#ports.all() })
        : undefined,
    });
    this.#interfaces = new Interfaces({
      names: this.#names,
      uplinkMtu: this.#uplinkMtu,
      log: input.log,
      bridge: (network) => this.#reconciler.bridge(network),
    });
    this.#dns = new NameServer({ log: input.log });
    this.overlays = new Overlays({
      log: input.log,
      table: this.#names.table,
      catalog: this.#catalog,
      live: () => this.#live.values(),
      link: (network) => this.#reconciler.bridge(network),
      unlink: (network) => this.#reconciler.leftOverlay(network),
      renamed: ({ id }) => this.#zones.forget(id),
      gateway: (needed) => this.#gatewayBridge(needed),
    });
  }

  async create(body: NetworkCreateBody): Promise<NetworkCreateResponse> {
    await this.#reconciler.free(body.Options?.[OPTION.bridge] ?? '');
    const record = this.#catalog.create(body, links.observeHostBlocks());
    try {
      await this.#reconciler.came(record);
    } catch (error) {
      this.#catalog.remove(record);
      await this.#reconciler.went(record).catch(() => undefined);
      throw error;
    }
    this.#emit('create', record);
    return { Id: record.id, Warning: '' };
  }

  /** `cluster`: what a manager knows of networks of several hosts; others show those that they are on. */
  list(filters: Filters, cluster?: readonly OverlayState[]): Network[] {
    const keep = listFilter(filters, (record) => this.#members(record).length > 0);
    return this.#visible(cluster)
      .filter(keep)
      .map((record) => shown(record, []));
  }

  inspect(reference: string, scope: string, cluster?: readonly OverlayState[]): Network {
    const record = findNetwork(reference, this.#visible(cluster));
    if (!record || !inScope(record, scope)) throw notFound(`network ${reference} not found`);
    return { ...shown(record, this.#members(record)), ...this.overlays.peers(record) };
  }

  isOfCluster(reference: string, cluster: readonly OverlayState[]): boolean {
    return findNetwork(reference, this.#visible(cluster))?.driver === 'overlay';
  }

  #visible(cluster: readonly OverlayState[] | undefined): NetworkRecord[] {
    return this.overlays.visible(this.#catalog.shown(), cluster);
  }

  async remove(reference: string): Promise<void> {
    const record = this.#catalog.get(reference);
    checkRemove(record, this.#catalog.all(), this.#members(record));
    this.#catalog.remove(record);
    await this.#reconciler.went(record);
    this.#emit('destroy', record);
  }

  /** Unused networks that a person made, older than `until` (milliseconds). Throws conflict while another prune is at work. */
  async prune(filters: Filters, until: number | undefined): Promise<NetworkPruneResponse> {
    const wanted = pruneFilter(filters, until);
    if (this.#pruning) throw conflict('a prune operation is already running');
    this.#pruning = true;
    try {
      const unused = this.#catalog
        .all()
        .filter((one) => one.driver !== 'overlay' && wanted(one) && this.#members(one).length === 0);
      const deleted = await pruneNetworks(unused, (id) => this.remove(id), this.#input.log);
      this.#input.events({ type: 'network', action: 'prune', id: '', attributes: { reclaimed: '0' } });
      return { NetworksDeleted: deleted.length === 0 ? null : deleted };
    } finally {
      this.#pruning = false;
    }
  }

  find(reference: string): Pick<NetworkRecord, 'id' | 'name' | 'driver' | 'configOnly'> | undefined {
    return this.#catalog.find(reference);
  }

  /** Throws notFound `network x not found`. */
  get(reference: string): Pick<NetworkRecord, 'id' | 'name' | 'driver' | 'configOnly'> {
    return this.#catalog.get(reference);
  }

  get forwards(): boolean {
    return this.#settings.forwarding;
  }

  /** Blocks that a person gave a network; undefined for an unknown network. */
  givenSubnets(reference: string): readonly string[] | undefined {
    return this.#catalog.find(reference)?.givenSubnets;
  }

  /** What `host-gateway` stands for: the settings' addresses, or the host's on the default network. */
  hostGateways(): readonly string[] {
    return hostGateways(this.#settings.hostGateways, this.#catalog.find('bridge'));
  }

  /** For those who explain; nothing of it is to be changed. */
  view(): NetworkView {
    return {
      live: (containerId) => this.#live.get(containerId),
      published: (containerId) => this.#ports.of(containerId),
      isOwnTable: ({ name }) => name.startsWith(this.#names.table) || name === FORWARD_TABLE,
      respectsFirewall: this.#settings.respectsFirewall,
    };
  }

  // ---- containers

  /** Addresses that only the cluster can give; `reserve` comes after. */
  prepare(request: ContainerNetworks): Promise<void> {
    return this.overlays.prepare(request);
  }

  /** Takes addresses and ports; nothing on the host changes yet. Throws in the words of a start that failed. */
  reserve(spec: ContainerNetworks): Given {
    this.#forget(spec.id);
    const live: Live = { request: spec, endpoints: [], namespace: undefined };
    this.#live.set(spec.id, live);
    try {
      const given: Record<string, EndpointSettings> = {};
      for (const [key, settings] of withGateway(inOrder(spec), this.#catalog)) {
        const network = this.#catalog.get(key);
        if (network.configOnly) throw forbidden(`cannot create endpoint on configuration-only network`);
        const endpoint = this.#endpoint(network, spec, key, settings);
        live.endpoints.push(endpoint);
        given[network.name] = filled(settings, endpoint);
      }
      this.#zones.changed(live);
      return { endpoints: given, ports: allocatePorts(this.#ports, live) };
    } catch (error) {
      this.#forget(spec.id);
      throw error instanceof BerthError
        ? new BerthError(error.kind, `${SETUP}${error.message}`, error.hint === undefined ? {} : { hint: error.hint })
        : error;
    }
  }

  /** What the container's files say about its networks; `reserve` came before. */
  files(containerId: string): FileFacts {
    const live = this.#live.get(containerId);
    return live ? filesOf(live) : { hosts: [], ownResolver: false };
  }

  /** Makes a namespace ahead of the process that the runtime is to put into it; undefined for who has no interfaces of its own. */
  place(containerId: string): string | undefined {
    const live = this.#live.get(containerId);
    if (!live?.endpoints.some(({ network }) => hasLinks(network))) return undefined;
    const fd = newNetworkNamespace();
    live.held = { fd, path: `/proc/${process.pid}/fd/${fd}` };
    return live.held.path;
  }

  /** Makes the interfaces in the namespace of `place`, or in one that is named by its path. */
  async attach(containerId: string, where?: string): Promise<void> {
    const live = this.#live.get(containerId);
    if (!live) return;
    live.namespace = where ?? live.held?.path;
    try {
      for (const endpoint of live.endpoints) this.#interfaces.attach(live, endpoint);
      setWayOut(live);
      if (live.endpoints.some(({ network }) => hasLinks(network)))
        await Promise.all([
          this.#reconciler.changed(containerId),
          this.#serveNames(live),
          this.overlays.attached(live),
        ]);
    } catch (error) {
      throw internal(`${SETUP}${messageOf(error)}`, { cause: error });
    }
    for (const endpoint of live.endpoints) this.#emit('connect', endpoint.network, containerId);
  }

  /** The container's process is there, and its namespace stays as long as it does. */
  processStarted(containerId: string, pid: number): void {
    const live = this.#live.get(containerId);
    if (!live) return;
    live.namespace = `/proc/${pid}/ns/net`;
    letGo(live);
  }

  /** The container's process is gone, or never came: everything is given back. None is no error. */
  async release(containerId: string, endpoints: Record<string, EndpointSettings>): Promise<void> {
    const live = this.#live.get(containerId);
    if (live) {
      this.overlays.left(live);
      this.#forget(containerId);
      this.#interfaces.drop(live.endpoints);
      if (live.namespace !== undefined)
        for (const endpoint of live.endpoints) this.#emit('disconnect', endpoint.network, containerId);
      await this.#reconciler.ended(containerId);
    }
    for (const [name, settings] of Object.entries(endpoints)) endpoints[name] = emptied(settings);
  }

  /** A container that was taken back with its process: what it has is what its record says. */
  restore(spec: ContainerNetworks, ports: PortMap, pid: number): void {
    const live: Live = { request: spec, endpoints: [], namespace: `/proc/${pid}/ns/net` };
    for (const settings of Object.values(spec.endpoints)) {
      const network = this.#catalog.all().find(({ id }) => id === settings.NetworkID);
      if (network && settings.EndpointID !== '') live.endpoints.push(endpointFrom(network, settings));
    }
    this.#live.set(spec.id, live);
    this.#zones.changed(live);
    this.#ports.restore(spec.id, publishedFrom(ports, publishedAddresses(live.endpoints)));
    this.#reconciler.restored(spec.id);
    void this.overlays.attached(live);
    void this.#serveNames(live).catch((error: unknown) =>
      this.#input.log.warn(`container ${spec.id} has no names: ${messageOf(error)}`),
    );
  }

  /** At the daemon's start, after every `restore`: links and rules become what they should be, leftovers go. */
  async settle(): Promise<void> {
    renewDefault(this.#catalog, (record) => this.#members(record).length > 0, this.#input.log);
    try {
      await this.#reconciler.settle();
    } catch (error) {
      this.#input.log.error(`networks of containers do not work on this host: ${messageOf(error)}`);
      return;
    }
    await this.#reconciler.accepts();
    this.#reconciler.watch();
  }

  /** Puts a running container on one more network. */
  async connect(containerId: string, reference: string, settings: EndpointSettings): Promise<Given> {
    const live = this.#live.get(containerId);
    const network = this.#catalog.get(reference);
    if (!live) throw internal(`container ${containerId} has no network namespace of its own`);
    await this.overlays.prepare({ ...live.request, endpoints: { [network.name]: settings } });
    const endpoint = this.#endpoint(network, live.request, network.name, settings);
    live.endpoints.push(endpoint);
    this.#zones.changed(live);
    try {
      this.#interfaces.attach(live, endpoint);
      setWayOut(live);
      await Promise.all([
        this.#reconciler.changed(containerId),
        this.#dns.serves(containerId) ? undefined : this.#serveNames(live),
        this.overlays.attached(live),
      ]);
    } catch (error) {
      await this.#takeOff(live, endpoint);
      throw error;
    }
    const ports = moveClaims(this.#ports, live);
    await this.#reconciler.changed(containerId);
    this.#emit('connect', network, containerId);
    return { endpoints: { [network.name]: filled(settings, endpoint) }, ports };
  }

  /** Takes a running container off a network; gives its ports as they are then. */
  async disconnect(containerId: string, reference: string): Promise<PortMap> {
    const network = this.#catalog.get(reference);
    const live = this.#live.get(containerId);
    const endpoint = live?.endpoints.find((one) => one.network.id === network.id);
    if (!live || !endpoint) throw internal(`container ${containerId} is not connected to network ${network.name}`);
    await this.#takeOff(live, endpoint);
    setWayOut(live);
    const ports = moveClaims(this.#ports, live);
    await this.#reconciler.changed(containerId);
    this.#emit('disconnect', network, containerId);
    return ports;
  }

  /** A container has another name now; it is found by that, and no longer by the other. */
  renamed(containerId: string, before: string, now: string): void {
    const live = this.#live.get(containerId);
    if (!live) return;
    for (const endpoint of live.endpoints)
      endpoint.names = endpoint.names.map((name) => (name === before ? now : name));
    this.#zones.changed(live);
  }

  /** Published ports and aliases go from one running container to another; `aliases` are those after it, by network. */
  async transfer(from: string, to: string, aliases: Readonly<Record<string, Aliases>>): Promise<Transferred> {
    const [old, next] = [this.#live.get(from), this.#live.get(to)];
    if (!old || !next) throw conflict('both containers must run on networks of their own');
    const made = handOver(this.#ports.transfer(from, to, publishedAddresses(next.endpoints)), old, next, aliases);
    for (const live of [old, next]) this.#zones.changed(live);
    return this.#reconciler.moved(from, to).then(() => made);
  }

  isOn(containerId: string, networkId: string): boolean {
    return this.#live.get(containerId)?.endpoints.some((one) => one.network.id === networkId) ?? false;
  }

  /** The daemon ends: with no container left on its networks nothing of it stays on the host; else everything does. */
  async close(): Promise<void> {
    this.#dns.close();
    this.overlays.close();
    await this.#reconciler.close();
    await this.#interfaces.dropped();
    if (this.#live.size > 0) return;
    await removeFromHost(this.#input.instance, this.#input.log);
  }

  // ---- within

  #endpoint(network: NetworkRecord, spec: ContainerNetworks, key: string, settings: EndpointSettings): Endpoint {
    if (this.isOn(spec.id, network.id))
      throw forbidden(`endpoint with name ${spec.name} already exists in network ${network.name}`);
    const used = usedOn(network, {
      endpoints: [...this.#live.values()].flatMap(({ endpoints }) => endpoints),
      given: this.#input.containers.givenOn(network).filter(({ containerId }) => containerId !== spec.id),
    });
    const isOverlay = network.driver === 'overlay';
    // other hosts say it without asking
    const mac = isOverlay ? '' : (spec.macs[key] ?? spec.macs[network.name] ?? settings.MacAddress);
    const place = isOverlay ? this.overlays.placeOf(spec.id, network.id) : undefined;
    const own = place === undefined ? settings : withAddresses(settings, place);
    const names = hasNames(network) ? namesOf(spec, settings) : [];
    return makeEndpoint(network, { id: randomId(), settings: own, mac, names }, used);
  }

  async #takeOff(live: Live, endpoint: Endpoint): Promise<void> {
    live.endpoints = live.endpoints.filter((one) => one !== endpoint);
    this.#zones.changed(live, [endpoint.network, ...live.endpoints.map(({ network }) => network)]);
    await this.#interfaces.detach(live, endpoint);
    await Promise.all([this.overlays.detached(live, endpoint), this.#reconciler.changed(live.request.id)]);
  }

  async #serveNames(live: Live): Promise<void> {
    const { namespace, request: spec } = live;
    if (namespace === undefined || !live.endpoints.some(({ network }) => hasResolver(network))) return;
    const inside = (): string => live.namespace ?? namespace;
    await this.#dns.serve({ id: spec.id, namespace: inside, zone: () => this.#zones.of(live), servers: spec.dns });
  }

  #forget(containerId: string): void {
    this.#dns.stop(containerId);
    this.#ports.release(containerId);
    const live = this.#live.get(containerId);
    if (!live) return;
    letGo(live);
    this.#live.delete(containerId);
    this.#zones.changed(live);
  }

  #members(record: NetworkRecord): Member[] {
    return membersOf(record.id, this.#live.values(), this.#input.containers);
  }

  async #gatewayBridge(needed: boolean): Promise<void> {
    const known = this.#catalog.find(GATEWAY_BRIDGE);
    if (needed && !known) await this.create(gatewayBridgeBody);
    if (!needed && known && isOwnGatewayBridge(known) && this.#members(known).length === 0) await this.remove(known.id);
  }

  #emit(
    action: 'create' | 'destroy' | 'connect' | 'disconnect',
    { id, name, driver }: NetworkRecord,
    container?: string,
  ): void {
    const attributes = { ...(container === undefined ? {} : { container }), name, type: driver };
    this.#input.events({ type: 'network', action, id, attributes });
  }
}

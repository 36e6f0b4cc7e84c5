// Addresses and published ports for what has none yet: services, tasks, nodes. Pure.
import { type Address, addressText, contains, type Family, parseAddress, parseBlock } from '../../base/address.ts';
import {
  addressesIn,
  type Attachment,
  type ClusterNetwork,
  type NetworkAddress,
  type NetworkSubnet,
} from '../model/network.ts';
import { type ClusterNode, isTerminal, type PortConfig, type Service, type Task } from '../model/objects.ts';
import { AddressPool, valueOf } from './pool.ts';

interface Objects<T> {
  values(): Iterable<T>;
}

export interface AllocationInput {
  readonly networks: ReadonlyMap<string, ClusterNetwork>;
  readonly services: Objects<Service>;
  readonly tasks: Objects<Task>;
  readonly nodes: Objects<ClusterNode>;
  readonly attachments: readonly Attachment[];
  /** By network and subnet: what was given last. */
  readonly last: ReadonlyMap<string, bigint>;
}

export interface WantedAddresses {
  /** Without prefix; empty for any. */
  readonly address?: string;
  readonly address6?: string;
}

/** Swarm's range for ports that nobody chose. */
const DYNAMIC = { low: 30_000, high: 32_767 } as const;

/** Hands out addresses of all networks; what it has given is in `last` when it is done. */
export class Allocator {
  readonly #input: AllocationInput;
  readonly #pools = new Map<string, AddressPool>();
  #used: ReadonlyMap<string, readonly bigint[]> | undefined;

  constructor(input: AllocationInput) {
    this.#input = input;
  }

  /** What was given last, by network and subnet. */
  get last(): Map<string, bigint> {
    return new Map([...this.#input.last, ...[...this.#pools].map(([id, pool]) => [id, pool.last] as const)]);
  }

  get ingress(): ClusterNetwork | undefined {
    return [...this.#input.networks.values()].find(({ Spec }) => Spec.Ingress);
  }

  #pool(network: ClusterNetwork, { Subnet, Gateway }: NetworkSubnet): AddressPool | undefined {
    const key = `${network.ID} ${Subnet}`;
    const known = this.#pools.get(key);
    if (known) return known;
    const block = parseBlock(Subnet);
    if (!block) return undefined;
    const gateway = parseAddress(Gateway)?.value;
    // everybody is looked at once, when the first address is asked for
    this.#used ??= usedAddresses(this.#input);
    const used = [...(this.#used.get(network.ID) ?? []), ...(gateway === undefined ? [] : [gateway])];
    const pool = new AddressPool(block, used, this.#input.last.get(key));
    this.#pools.set(key, pool);
    return pool;
  }

  /** undefined when the network has none left, or is not there. `wanted` are addresses that a person chose. */
  take(networkId: string, wanted: WantedAddresses = {}): NetworkAddress | undefined {
    const network = this.#input.networks.get(networkId);
    if (!network) return undefined;
    const Addr = this.#takeOf(network, 4, wanted.address);
    if (Addr === undefined) return undefined;
    const isDual = network.Subnets.some(({ Subnet }) => parseBlock(Subnet)?.family === 6);
    if (!isDual) return wanted.address6 ? undefined : { NetworkID: networkId, Addr };
    const Addr6 = this.#takeOf(network, 6, wanted.address6);
    return Addr6 === undefined ? undefined : { NetworkID: networkId, Addr, Addr6 };
  }

  /** Of the first subnet that has one. */
  #takeOf(network: ClusterNetwork, family: Family, wanted = ''): string | undefined {
    const address = parseAddress(wanted);
    if (wanted !== '' && !address) return undefined;
    for (const subnet of network.Subnets) {
      if (parseBlock(subnet.Subnet)?.family !== family) continue;
      const taken = this.#takeIn(network, subnet, address);
      if (taken !== undefined) return taken;
    }
    return undefined;
  }

  #takeIn(network: ClusterNetwork, subnet: NetworkSubnet, wanted: Address | undefined): string | undefined {
    const block = parseBlock(subnet.Subnet);
    if (!block || (wanted && !contains(block, wanted))) return undefined;
    const pool = this.#pool(network, subnet);
    if (!wanted) return pool?.take();
    return pool?.takeThis(wanted.value) ? `${addressText(wanted)}/${block.bits}` : undefined;
  }

  /** Of a service whose endpoint is not what its specification asks for; undefined where it is. */
  endpointOf(service: Service): Service['Endpoint'] | undefined {
    const { Spec, Endpoint } = service;
    const mode = Spec.EndpointSpec?.Mode ?? 'vip';
    const wanted = mode === 'vip' ? this.#clusterNetworks(Spec.TaskTemplate.Networks) : [];
    const held = Endpoint.VirtualIPs ?? [];
    const addresses = wanted.flatMap((id) => held.find(({ NetworkID }) => NetworkID === id) ?? this.take(id) ?? []);
    const ports = this.#portsOf(service);
    const next = {
      Spec: Spec.EndpointSpec,
      ...(ports.length === 0 ? {} : { Ports: ports }),
      ...(addresses.length === 0 ? {} : { VirtualIPs: addresses }),
    };
    return JSON.stringify(next) === JSON.stringify(ordered(Endpoint)) ? undefined : next;
  }

  /** Published ports with the numbers that were chosen before, or now. */
  #portsOf({ ID, Spec, Endpoint }: Service): PortConfig[] {
    const held = Endpoint.Ports ?? [];
    const taken = new Set(
      [...this.#input.services.values()]
        .filter((one) => one.ID !== ID)
        .flatMap((one) => one.Endpoint.Ports ?? [])
        .filter(isIngress)
        .map(portKey),
    );
    return (Spec.EndpointSpec?.Ports ?? []).map((port) => {
      if (!isIngress(port) || (port.PublishedPort ?? 0) > 0) return port;
      const before = held.find(
        (one) => isIngress(one) && samePort(one, port) && (one.PublishedPort ?? 0) >= DYNAMIC.low,
      );
      if (before) return { ...port, PublishedPort: before.PublishedPort ?? 0 };
      for (let number = DYNAMIC.low; number <= DYNAMIC.high; number += 1) {
        const chosen = { ...port, PublishedPort: number };
        if (taken.has(portKey(chosen))) continue;
        taken.add(portKey(chosen));
        return chosen;
      }
      return port;
    });
  }

  /** The addresses of a task; undefined when it needs none, has them, or a network is full (`full` is then its name). */
  addressesOf(task: Task): { readonly addresses?: NetworkAddress[]; readonly full?: string } {
    if (task.Addresses || task.NodeID === undefined || isTerminal(task.Status.State)) return {};
    const wanted = this.networksOf(task);
    if (wanted.length === 0) return {};
    const addresses: NetworkAddress[] = [];
    for (const id of wanted) {
      const address = this.take(id);
      if (!address) return { full: this.#input.networks.get(id)?.Spec.Name ?? id };
      addresses.push(address);
    }
    return { addresses };
  }

  /** Networks of the cluster that a task is to be on. */
  networksOf({ Spec, Endpoint }: Pick<Task, 'Spec' | 'Endpoint'>): string[] {
    const { ingress } = this;
    const published = ingress && (Endpoint?.Ports ?? []).some(isIngress) ? [ingress.ID] : [];
    return [...new Set([...published, ...this.#clusterNetworks(Spec.Networks)])];
  }

  #clusterNetworks(networks: Task['Spec']['Networks']): string[] {
    return (networks ?? []).flatMap(({ Target }) => (this.#input.networks.has(Target) ? [Target] : []));
  }

  /** The address by which a node leads published ports on; undefined when it has one, or there is no ingress network. */
  ingressOf(node: ClusterNode): NetworkAddress | undefined {
    const { ingress } = this;
    return ingress && node.IngressAddr?.NetworkID !== ingress.ID ? this.take(ingress.ID) : undefined;
  }
}

/** In the order in which `endpointOf` makes it. */
function ordered({ Spec, Ports, VirtualIPs }: Service['Endpoint']): Service['Endpoint'] {
  return { Spec, ...(Ports ? { Ports } : {}), ...(VirtualIPs ? { VirtualIPs } : {}) };
}

export function isIngress({ PublishMode }: PortConfig): boolean {
  return PublishMode !== 'host';
}

export function portKey({ Protocol = 'tcp', PublishedPort = 0 }: PortConfig): string {
  return `${PublishedPort}/${Protocol}`;
}

function samePort(a: PortConfig, b: PortConfig): boolean {
  return a.TargetPort === b.TargetPort && (a.Protocol ?? 'tcp') === (b.Protocol ?? 'tcp');
}

function usedAddresses({ services, tasks, nodes, attachments }: AllocationInput): Map<string, bigint[]> {
  const all: NetworkAddress[] = [
    ...[...services.values()].flatMap(({ Endpoint }) => Endpoint.VirtualIPs ?? []),
    ...[...tasks.values()].flatMap(({ Status, Addresses }) => (isTerminal(Status.State) ? [] : (Addresses ?? []))),
    ...[...nodes.values()].flatMap(({ IngressAddr }) => IngressAddr ?? []),
    ...attachments,
  ];
  const used = new Map<string, bigint[]>();
  for (const one of all) {
    const values = addressesIn(one).flatMap((text) => valueOf(text) ?? []);
    const known = used.get(one.NetworkID);
    if (known) known.push(...values);
    else used.set(one.NetworkID, values);
  }
  return used;
}

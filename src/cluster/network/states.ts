// What each node is to know of networks, from the objects of the cluster. Pure.
import type { Attachment, ClusterNetwork, NetworkAddress } from '../model/network.ts';
import { type ClusterNode, isTerminal, type Service, stateOrder, type Task } from '../model/objects.ts';
import { extensionsOf } from '../model/extensions.ts';
import { isIngress } from './allocate.ts';
import type { OverlayMember, OverlayService, OverlayState } from '../../spec/berth/index.ts';

export interface StatesInput {
  readonly networks: readonly ClusterNetwork[];
  readonly services: readonly Service[];
  readonly tasks: readonly Task[];
  readonly nodes: readonly ClusterNode[];
  readonly attachments: readonly Attachment[];
  readonly dataPathPort: number;
}

/** The whole state of every network, and for which nodes it is. */
export interface PlannedNetwork {
  readonly state: OverlayState;
  readonly nodes: ReadonlySet<string>;
}

export function planNetworks(input: StatesInput): PlannedNetwork[] {
  const nodes = new Map(input.nodes.map((node) => [node.ID, node]));
  const tasks = byNetwork(
    input.tasks.filter(({ Status, NodeID }) => NodeID !== undefined && !isTerminal(Status.State)),
    ({ Addresses }) => Addresses ?? [],
  );
  const attachments = byNetwork(input.attachments, (one) => [one]);
  const services = new Map(input.services.map((service) => [service.ID, service]));
  return input.networks.map((network) => {
    const { ID, Spec } = network;
    const own = tasks.get(ID) ?? [];
    const joined = attachments.get(ID) ?? [];
    const gates = Spec.Ingress ? input.nodes.filter(({ IngressAddr }) => IngressAddr?.NetworkID === ID) : [];
    const present = new Set([
      ...own.flatMap(({ object }) => object.NodeID ?? []),
      ...joined.map(({ object }) => object.NodeID),
      ...gates.map((node) => node.ID),
    ]);
    return {
      nodes: present,
      state: {
        ...headOf(network, input.dataPathPort),
        active: true,
        members: [
          ...own.flatMap(({ object, address }) => memberOfTask(object, address, nodes)),
          ...joined.flatMap(({ object, address }) => memberOfAttachment(object, address, nodes)),
          ...gates.flatMap((node) => memberOfNode(node)),
        ].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
        services: servicesOn(
          network,
          own.map(({ object }) => object.ServiceID),
          services,
        ),
      },
    };
  });
}

/** Without those who are on it: what a node needs to let a container join. */
export function headOf({ ID, Spec, CreatedAt, Vni, Subnets }: ClusterNetwork, port: number): OverlayState {
  const [subnet, ...others] = Subnets;
  return {
    id: ID,
    name: Spec.Name,
    created: CreatedAt,
    vni: Vni,
    port,
    subnet: subnet?.Subnet ?? '',
    gateway: subnet?.Gateway ?? '',
    ...(others.length === 0
      ? {}
      : { others: others.map(({ Subnet, Gateway }) => ({ subnet: Subnet, gateway: Gateway })) }),
    internal: Spec.Internal,
    attachable: Spec.Attachable,
    ingress: Spec.Ingress,
    options: Spec.Options,
    labels: Spec.Labels,
    active: false,
    members: [],
    services: [],
  };
}

const bare = (address: string): string => address.split('/')[0] ?? '';

/** Without their prefixes. */
function placeOf({ Addr, Addr6 }: NetworkAddress): Pick<OverlayMember, 'address' | 'address6'> {
  return { address: bare(Addr), ...(Addr6 === undefined ? {} : { address6: bare(Addr6) }) };
}

function memberOfTask(task: Task, address: NetworkAddress, nodes: ReadonlyMap<string, ClusterNode>): OverlayMember[] {
  const node = nodes.get(task.NodeID ?? '');
  if (!node) return [];
  const container = task.Status.ContainerStatus?.ContainerID;
  return [
    {
      id: task.ID,
      node: node.ID,
      host: node.Status.Addr,
      ...placeOf(address),
      names: [
        `${task.Annotations.Name}.${task.Slot ?? node.ID}.${task.ID}`,
        ...(container === undefined ? [] : [container.slice(0, 12)]),
      ],
      service: task.ServiceID,
      ready:
        task.Status.State === 'running' &&
        stateOrder(task.DesiredState) <= stateOrder('running') &&
        node.Status.State === 'ready',
    },
  ];
}

function memberOfAttachment(
  { ID, NodeID, ContainerID, Name, Aliases }: Attachment,
  address: NetworkAddress,
  nodes: ReadonlyMap<string, ClusterNode>,
): OverlayMember[] {
  const node = nodes.get(NodeID);
  if (!node) return [];
  return [
    {
      id: ID,
      node: NodeID,
      host: node.Status.Addr,
      ...placeOf(address),
      names: [...new Set([Name, ...Aliases, ContainerID.slice(0, 12)])],
      ready: node.Status.State === 'ready',
    },
  ];
}

function memberOfNode({ ID, Status, IngressAddr }: ClusterNode): OverlayMember[] {
  if (!IngressAddr) return [];
  return [
    {
      id: ID,
      node: ID,
      host: Status.Addr,
      ...placeOf(IngressAddr),
      names: [],
      isNode: true,
      ready: Status.State === 'ready',
    },
  ];
}

function servicesOn(
  { ID, Spec }: ClusterNetwork,
  present: readonly string[],
  services: ReadonlyMap<string, Service>,
): OverlayService[] {
  const wanted = new Set(present);
  return [...services.values()]
    .filter(
      (service) => wanted.has(service.ID) || service.Endpoint.VirtualIPs?.some(({ NetworkID }) => NetworkID === ID),
    )
    .map((service): OverlayService => {
      const address = service.Endpoint.VirtualIPs?.find(({ NetworkID }) => NetworkID === ID);
      const aliases = service.Spec.TaskTemplate.Networks?.find(({ Target }) => Target === ID)?.Aliases ?? [];
      return {
        id: service.ID,
        names: [...new Set([service.Spec.Name, ...aliases, ...nameInStack(service.Spec)])],
        ...(address === undefined ? {} : placeOf(address)),
        ports: Spec.Ingress
          ? (service.Endpoint.Ports ?? [])
              .filter(isIngress)
              .flatMap(({ Protocol = 'tcp', PublishedPort = 0, TargetPort }) =>
                PublishedPort === 0 ? [] : [{ protocol: Protocol, published: PublishedPort, target: TargetPort }],
              )
          : [],
        ...namedPorts(service),
      };
    })
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

const STACK_LABEL = 'com.docker.stack.namespace';

/** `web.shop` for the service `shop_web` of the stack `shop`: one name from every stack on a network. */
function nameInStack({ Name, Labels = {} }: Service['Spec']): string[] {
  const stack = Labels[STACK_LABEL];
  return stack !== undefined && Name.startsWith(`${stack}_`) ? [`${Name.slice(stack.length + 1)}.${stack}`] : [];
}

/** Those that a person named by the label, and published ones that have a name. */
function namedPorts({ Spec, Endpoint }: Service): Pick<OverlayService, 'named'> {
  const published = (Endpoint.Ports ?? []).flatMap(({ Name, Protocol = 'tcp', TargetPort }) =>
    Name ? [{ name: Name, protocol: Protocol, port: TargetPort }] : [],
  );
  const named = [...(extensionsOf(Spec.Labels).value.ports ?? []), ...published];
  return named.length === 0 ? {} : { named };
}

function byNetwork<T>(
  objects: readonly T[],
  addresses: (object: T) => readonly NetworkAddress[],
): Map<string, { readonly object: T; readonly address: NetworkAddress }[]> {
  const found = new Map<string, { readonly object: T; readonly address: NetworkAddress }[]>();
  for (const object of objects)
    for (const address of addresses(object)) {
      const known = found.get(address.NetworkID);
      if (known) known.push({ object, address });
      else found.set(address.NetworkID, [{ object, address }]);
    }
  return found;
}

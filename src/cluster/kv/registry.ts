// What lies under `services/`: every task that takes connections, made of the cluster's objects; and what differs between two such pictures. Pure.
import type { KeyValueChange, KeyValueEntry, RegisteredTask } from '../../spec/berth/index.ts';
import { addressesIn, type ClusterNetwork } from '../model/network.ts';
import { type ClusterNode, type Service, stateOrder, type Task } from '../model/objects.ts';
import { REGISTRY } from './key.ts';

export interface RegistryInput {
  readonly tasks: readonly Task[];
  readonly services: ReadonlyMap<string, Service>;
  readonly nodes: ReadonlyMap<string, ClusterNode>;
  readonly networks: ReadonlyMap<string, ClusterNetwork>;
}

/** By key. A task with a health check runs only when that has succeeded, so who is here is well. */
export function registryOf(input: RegistryInput): Map<string, KeyValueEntry> {
  const found = new Map<string, KeyValueEntry>();
  for (const task of input.tasks) {
    const service = input.services.get(task.ServiceID);
    const node = input.nodes.get(task.NodeID ?? '');
    if (!service || !node || !takesConnections(task, node)) continue;
    const Key = `${REGISTRY}${service.Spec.Name}/${task.ID}`;
    const registered = registeredTask(task, service, node, input.networks);
    const Value = Buffer.from(JSON.stringify(registered)).toString('base64');
    found.set(Key, { Key, Value, Revision: task.Version.Index });
  }
  return new Map([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function takesConnections({ Status, DesiredState }: Task, node: ClusterNode): boolean {
  return (
    Status.State === 'running' && stateOrder(DesiredState) <= stateOrder('running') && node.Status.State === 'ready'
  );
}

function registeredTask(
  task: Task,
  service: Service,
  node: ClusterNode,
  networks: ReadonlyMap<string, ClusterNetwork>,
): RegisteredTask {
  return {
    Service: service.Spec.Name,
    Task: task.ID,
    ...(task.Slot === undefined ? {} : { Slot: task.Slot }),
    Node: node.Description.Hostname,
    Host: node.Status.Addr,
    Addresses: Object.fromEntries(
      (task.Addresses ?? []).map((address) => [
        networks.get(address.NetworkID)?.Spec.Name ?? address.NetworkID,
        addressesIn(address).map((text) => text.split('/')[0] ?? ''),
      ]),
    ),
    Ports: (task.Endpoint?.Ports ?? []).map(
      ({ Name, Protocol = 'tcp', TargetPort, PublishedPort = 0, PublishMode = 'ingress' }) => ({
        ...(Name ? { Name } : {}),
        Protocol,
        Target: TargetPort,
        ...(PublishedPort === 0 ? {} : { Published: PublishedPort }),
        Mode: PublishMode,
      }),
    ),
  };
}

/** `revision` is that of the later picture. */
export function registryChanges(
  before: ReadonlyMap<string, KeyValueEntry>,
  after: ReadonlyMap<string, KeyValueEntry>,
  revision: number,
): KeyValueChange[] {
  const gone = [...before.keys()].filter((key) => !after.has(key));
  const come = [...after.values()].filter(({ Key, Value }) => before.get(Key)?.Value !== Value);
  return [
    ...gone.map((Key): KeyValueChange => ({ Kind: 'delete', Key, Revision: revision })),
    ...come.map((entry): KeyValueChange => ({ Kind: 'put', ...entry, Revision: revision })),
  ];
}

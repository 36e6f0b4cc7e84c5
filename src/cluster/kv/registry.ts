// What lies under `services/`: every task that takes connections, made of the cluster's objects; and what differs between two such pictures. Pure.
import type { KeyValueChange, KeyValueEntry, RegisteredTask } from '../../spec/berth/index.ts';
import { addressesIn, bare, type ClusterNetwork } from '../model/network.ts';
import { type ClusterNode, type Service, stateOrder, type Task } from '../model/objects.ts';
import { REGISTRY } from './key.ts';

interface ById<T> {
  get(id: string): T | undefined;
}

/** What a task's entry is made of besides the task. */
export interface RegistryInput {
  readonly services: ById<Service>;
  readonly nodes: ById<ClusterNode>;
  readonly networks: ById<ClusterNetwork>;
}

/** In the order of their keys. */
export function registryOf(
  tasks: readonly Task[],
  entryOf: (task: Task) => KeyValueEntry | undefined,
): Map<string, KeyValueEntry> {
  const found = tasks.flatMap((task) => entryOf(task) ?? []).toSorted((a, b) => (a.Key < b.Key ? -1 : 1));
  return new Map(found.map((entry) => [entry.Key, entry]));
}

/** Undefined for one that takes none. A task with a health check runs only when that has succeeded, so who is here is well. */
export function registeredEntry(task: Task, input: RegistryInput): KeyValueEntry | undefined {
  const service = input.services.get(task.ServiceID);
  const node = input.nodes.get(task.NodeID ?? '');
  if (!service || !node || !takesConnections(task, node)) return undefined;
  const registered = registeredTask(task, service, node, input.networks);
  return {
    Key: `${REGISTRY}${service.Spec.Name}/${task.ID}`,
    Value: Buffer.from(JSON.stringify(registered)).toString('base64'),
    Revision: task.Version.Index,
  };
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
  networks: ById<ClusterNetwork>,
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
        addressesIn(address).map(bare),
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

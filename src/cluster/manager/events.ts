// What a change of an object is to those who watch events, in Swarm's words. Pure.
import type { ClusterNode, Meta, Service } from '../model/objects.ts';
import type { CacheChange } from './cache.ts';

export interface ClusterEvent {
  readonly type: 'service' | 'node' | 'network' | 'secret' | 'config';
  readonly action: 'create' | 'update' | 'remove';
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

const TYPES = {
  services: 'service',
  nodes: 'node',
  networks: 'network',
  secrets: 'secret',
  configs: 'config',
} as const;

/** `now` as it is after the change; undefined when it is gone. */
export function eventsOf(
  { kind, id, gone, before, isOld }: CacheChange,
  now: Meta | undefined,
): readonly ClusterEvent[] {
  if (isOld || !Object.hasOwn(TYPES, kind)) return [];
  const type = TYPES[kind as keyof typeof TYPES];
  const shown = (gone ? before : now) as Named | undefined;
  if (!shown) return [];
  const action = gone ? 'remove' : before ? 'update' : 'create';
  const details = action === 'update' ? differences(type, before, now) : {};
  // that a task changed or a leader looked is no event of a node or service
  if (details === undefined) return [];
  return [{ type, action, id, attributes: { name: nameOf(type, shown), ...details } }];
}

type Named = Meta & { readonly Spec: { readonly Name?: string }; readonly Description?: ClusterNode['Description'] };

function nameOf(type: ClusterEvent['type'], { Spec, Description }: Named): string {
  return (type === 'node' ? Description?.Hostname : Spec.Name) ?? '';
}

function differences(type: ClusterEvent['type'], before: Meta | undefined, now: Meta | undefined) {
  if (type === 'service') return ofService(before as Service, now as Service);
  if (type === 'node') return ofNode(before as ClusterNode, now as ClusterNode);
  return {};
}

/** `x.old` and `x.new` where they differ; what was or is nothing is left out. */
function pair(
  name: string,
  old: string | number | undefined,
  next: string | number | undefined,
): Record<string, string> {
  if (old === next) return {};
  return {
    ...(old === undefined || old === '' ? {} : { [`${name}.old`]: String(old) }),
    ...(next === undefined || next === '' ? {} : { [`${name}.new`]: String(next) }),
  };
}

function ofService(before: Service, now: Service): Record<string, string> | undefined {
  const image = ({ Spec }: Service): string => Spec.TaskTemplate.ContainerSpec?.Image ?? '';
  const found = {
    ...pair('image', image(before), image(now)),
    ...pair('replicas', replicas(before), replicas(now)),
    ...pair('updatestate', before.UpdateStatus?.State, now.UpdateStatus?.State),
  };
  const isSame = JSON.stringify(before.Spec) === JSON.stringify(now.Spec);
  return isSame && Object.keys(found).length === 0 ? undefined : found;
}

function replicas({ Spec }: Service): number | undefined {
  return Spec.Mode.Replicated && (Spec.Mode.Replicated.Replicas ?? 1);
}

function ofNode(before: ClusterNode, now: ClusterNode): Record<string, string> | undefined {
  const reachability = ({ ManagerStatus, Status }: ClusterNode): string =>
    ManagerStatus ? (Status.State === 'down' ? 'unreachable' : 'reachable') : '';
  const found = {
    ...pair('availability', before.Spec.Availability, now.Spec.Availability),
    ...pair('role', before.Spec.Role, now.Spec.Role),
    ...pair('state', before.Status.State, now.Status.State),
    ...pair('reachability', reachability(before), reachability(now)),
  };
  const isSame = JSON.stringify(before.Spec) === JSON.stringify(now.Spec);
  return isSame && Object.keys(found).length === 0 ? undefined : found;
}

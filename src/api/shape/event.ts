// An event in Docker's JSON. Pure.
import type { DaemonEvent } from '../../events/index.ts';
import type { EventMessage } from '../../spec/docker/index.ts';

const SWARM_TYPES: ReadonlySet<string> = new Set(['service', 'node', 'secret', 'config']);

export function eventMessage({ type, action, id, attributes, time }: DaemonEvent): EventMessage {
  return {
    // the form of before API 1.22, which dockerd still sends beside the other one
    ...(type === 'container' || type === 'image' ? { status: action, id } : {}),
    ...(type === 'container' ? { from: attributes['image'] ?? '' } : {}),
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: { ...attributes } },
    scope: SWARM_TYPES.has(type) ? 'swarm' : 'local',
    time: Number(time / 1_000_000_000n),
    timeNano: time,
  };
}

// What is asked of Docker's clusters, as dockerd says it on a machine that is in none: clients know these words and go on.
import { type RouteId, routes } from '../spec/docker/index.ts';

const NO_MANAGER =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

/** undefined for what is no matter of a swarm, and for making or entering one. */
export function outsideOfSwarm(id: RouteId): string | undefined {
  if (id === 'SwarmInit' || id === 'SwarmJoin') return undefined;
  if (id === 'SwarmLeave' || id === 'SwarmUnlock') return 'This node is not part of a swarm';
  return /^\/(?:berth\/cluster|berth\/services|berth\/tasks|swarm|nodes|services|tasks|secrets|configs)(?:\/|$)/.test(
    routes[id].path,
  )
    ? NO_MANAGER
    : undefined;
}

// Whether a network may be removed: in Docker's words. Pure.
import { forbidden, unavailable } from '../../base/errors.ts';
import { isPredefined, type NetworkRecord } from '../model/record.ts';

const WORKER_ONLY =
  "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state. Please run this command on a manager node or promote the current node to a manager.";

export function checkRemove(
  record: NetworkRecord,
  networks: readonly NetworkRecord[],
  members: readonly { readonly name: string; readonly endpoint: { readonly id: string } }[],
): void {
  if (record.driver === 'overlay') throw unavailable(WORKER_ONLY);
  if (isPredefined(record)) throw forbidden(`${record.name} is a pre-defined network and cannot be removed`);
  if (record.configOnly && networks.some(({ configFrom }) => configFrom === record.name))
    throw forbidden(`error while removing network: configuration network "${record.name}" is in use`);
  if (members.length === 0) return;
  const who = members.map(({ name, endpoint }) => `name:"${name}" id:"${endpoint.id.slice(0, 12)}"`).join(', ');
  throw forbidden(`error while removing network: network ${record.name} has active endpoints (${who})`);
}

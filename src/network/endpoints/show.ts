// A network as the API shows it. Pure.
import type { EndpointResource, Network } from '../../spec/docker/index.ts';
import { blockText } from '../../base/address.ts';
import type { Live } from './container.ts';
import type { Endpoint } from './endpoint.ts';
import type { ContainerNames } from './ports.ts';
import type { NetworkRecord } from '../model/record.ts';

export interface Member {
  readonly containerId: string;
  readonly name: string;
  readonly endpoint: Endpoint;
}

export function shown(record: NetworkRecord, members: readonly Member[]): Network {
  return {
    Name: record.name,
    Id: record.id,
    Created: record.created,
    Scope: record.driver === 'overlay' ? 'swarm' : 'local',
    Driver: record.driver,
    EnableIPv4: record.ipv4,
    EnableIPv6: record.ipv6,
    IPAM: {
      Driver: record.ipamDriver,
      Options: record.ipamOptions,
      Config: record.ipam === null ? null : record.ipam.map((one) => ({ ...one })),
    },
    Internal: record.internal,
    Attachable: record.attachable,
    Ingress: record.ingress,
    ConfigFrom: { Network: record.configFrom },
    ConfigOnly: record.configOnly,
    Containers: Object.fromEntries(members.map((member) => [member.containerId, resource(member)])),
    Options: { ...record.options },
    Labels: { ...record.labels },
  };
}

function resource({ name, endpoint }: Member): EndpointResource {
  const text = (family: 4 | 6): string => {
    const found = endpoint.addresses.find((one) => one.family === family);
    return found ? blockText(found) : '';
  };
  return {
    Name: name,
    EndpointID: endpoint.id,
    MacAddress: endpoint.mac,
    IPv4Address: text(4),
    IPv6Address: text(6),
  };
}

/** The containers on a network, by the names that they have now. */
export function membersOf(
  networkId: string,
  live: Iterable<Live>,
  containers: Pick<ContainerNames, 'nameOf'>,
): Member[] {
  return [...live].flatMap(({ request, endpoints }) =>
    endpoints
      .filter(({ network }) => network.id === networkId)
      .map((endpoint) => ({ containerId: request.id, name: containers.nameOf(request.id) ?? request.name, endpoint })),
  );
}

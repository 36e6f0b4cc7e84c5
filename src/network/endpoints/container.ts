// A container as networks see it: what it wishes, what it was given, and what it is called. Pure.
import { addressText } from '../../base/address.ts';
import type { EndpointSettings, PortBinding } from '../../spec/docker/index.ts';
import type { Endpoint } from './endpoint.ts';
import { isPredefined, type NetworkRecord } from '../model/record.ts';
import { hasLinks, isGatewayBridge } from '../model/traits.ts';

/** A container as far as its networks go. */
export interface ContainerNetworks {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly domainname: string;
  /** `bridge`, `host`, `none` or a network's name or id. */
  readonly mode: string;
  /** By network as the user named it. */
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  /** MAC addresses that the user gave, by network. */
  readonly macs: Readonly<Record<string, string>>;
  readonly exposed: readonly string[];
  readonly bindings: Readonly<Record<string, readonly PortBinding[] | null>>;
  readonly publishAll: boolean;
  /** Resolvers for what the daemon does not know; the host's when there are none. */
  readonly dns: readonly string[];
  /** Options of resolv.conf that the user gave. */
  readonly dnsOptions: readonly string[];
}

export type PortMap = Record<string, PortBinding[] | null>;

/** What a container was given; it is shown by inspect and stored with the container. */
export interface Given {
  /** By network name, complete. */
  readonly endpoints: Record<string, EndpointSettings>;
  readonly ports: PortMap;
}

/** What of the networks goes into the container's files. */
export interface FileFacts {
  readonly hosts: readonly { readonly ip: string; readonly names: readonly string[] }[];
  /** Names are answered inside, at 127.0.0.11. */
  readonly ownResolver: boolean;
}

/** A container that is on networks now. */
export interface Live {
  request: ContainerNetworks;
  endpoints: Endpoint[];
  /** Path of its namespace, once it is to have interfaces. */
  namespace: string | undefined;
  /** What keeps a namespace that was made ahead of the process. */
  held?: { readonly fd: number; readonly path: string } | undefined;
}

/** Who it is. */
export function identityOf({ request: { id, name } }: Live): Pick<ContainerNetworks, 'id' | 'name'> {
  return { id, name };
}

/** What the container's files say about its networks. */
export function filesOf(live: Live): FileFacts {
  const { endpoints } = live;
  const own = endpoints.filter(({ network }) => !isGatewayBridge(network));
  const names = namesInHosts(live.request);
  return {
    hosts: (own.length > 0 ? own : endpoints).flatMap(({ addresses }) =>
      addresses.map((address) => ({ ip: addressText(address), names })),
    ),
    ownResolver: endpoints.some(({ network }) => hasResolver(network)),
  };
}

/** Names are answered on every network with links of its own, the default one included. */
export function hasResolver(network: NetworkRecord): boolean {
  return hasLinks(network);
}

/** On a user's network a container has more names than its own, and inspect shows them; on the default one Docker has none. */
export function hasNames(network: NetworkRecord): boolean {
  return hasResolver(network) && !isPredefined(network);
}

/** The network of the mode first, which makes it eth0; then the others by name. */
export function inOrder({ mode, endpoints }: ContainerNetworks): [string, EndpointSettings][] {
  const main = mode === 'default' ? 'bridge' : mode;
  return Object.entries(endpoints).toSorted(([a], [b]) => Number(b === main) - Number(a === main) || (a < b ? -1 : 1));
}

/** What /etc/hosts says of the container itself: the whole name, and what is before its first dot. */
export function namesInHosts({ hostname, domainname }: Pick<ContainerNetworks, 'hostname' | 'domainname'>): string[] {
  const whole = domainname === '' ? hostname : `${hostname}.${domainname}`;
  const dot = whole.indexOf('.');
  return dot > 0 ? [whole, whole.slice(0, dot)] : [whole];
}

/** What a container is called on a network: its name, the aliases, the short id, the host name. */
export function namesOf(request: ContainerNetworks, settings: EndpointSettings): string[] {
  return [...new Set([request.name, ...(settings.Aliases ?? []), request.id.slice(0, 12), request.hostname])].filter(
    (name) => name !== '',
  );
}

// The networks of a service as endpoints of one of its containers, and the bodies of the networks themselves. Pure.
import type { ContainerCreateBody, DeepPartial, EndpointSettings } from '../../spec/docker/container.ts';
import { LABEL, COMPOSE_VERSION } from './labels.ts';
import type { Network, Project, Service, ServiceNetwork, Volume } from '../model/project.ts';

export interface Endpoints {
  readonly mode: string;
  readonly endpoints: NonNullable<ContainerCreateBody['NetworkingConfig']>['EndpointsConfig'];
}

export const networkName = (project: Project, key: string): string => project.networks?.[key]?.name ?? key;

/** Keys, that of the primary network first. */
export function networksByPriority({ networks }: Service): readonly string[] {
  const of = (key: string): number => networks?.[key]?.priority ?? 0;
  return Object.keys(networks ?? {}).sort((a, b) => of(b) - of(a) || (a < b ? -1 : 1));
}

export function endpointsOf(
  project: Project,
  service: Service,
  names: { readonly container: string; readonly service: string | undefined; readonly links: readonly string[] },
): Endpoints {
  const keys = networksByPriority(service);
  const [first] = keys;
  if (first === undefined) return { mode: 'none', endpoints: {} };
  const endpoints = Object.fromEntries(
    keys.map((key) => [
      networkName(project, key),
      endpoint(service.networks?.[key] ?? {}, names, key === first ? service.mac_address : undefined),
    ]),
  );
  return { mode: networkName(project, first), endpoints };
}

function endpoint(
  network: ServiceNetwork,
  names: { readonly container: string; readonly service: string | undefined; readonly links: readonly string[] },
  mac: string | undefined,
): DeepPartial<EndpointSettings> {
  const { ipv4_address: four, ipv6_address: six, link_local_ips: local, interface_name: link } = network;
  const address = {
    ...(four === undefined ? {} : { IPv4Address: four }),
    ...(six === undefined ? {} : { IPv6Address: six }),
    ...(local === undefined ? {} : { LinkLocalIPs: [...local] }),
  };
  const options = {
    ...network.driver_opts,
    ...(link === undefined ? {} : { 'com.docker.network.endpoint.ifname': link }),
  };
  return {
    ...(Object.keys(address).length === 0 ? {} : { IPAMConfig: address }),
    ...(names.links.length === 0 ? {} : { Links: [...names.links] }),
    Aliases: [names.container, ...(names.service === undefined ? [] : [names.service, ...(network.aliases ?? [])])],
    MacAddress: network.mac_address ?? mac ?? '',
    GwPriority: network.gw_priority ?? 0,
    ...(Object.keys(options).length === 0 ? {} : { DriverOpts: options }),
  };
}

export function networkBody(project: Project, key: string, network: Network, hash: string): object {
  const { ipam } = network;
  const config = (ipam.config ?? []).map(({ subnet, gateway, ip_range: range, aux_addresses: others }) => ({
    ...(subnet === undefined ? {} : { Subnet: subnet }),
    ...(gateway === undefined ? {} : { Gateway: gateway }),
    ...(range === undefined ? {} : { IPRange: range }),
    ...(others === undefined ? {} : { AuxiliaryAddresses: { ...others } }),
  }));
  return {
    Name: network.name ?? key,
    Driver: network.driver ?? '',
    Internal: network.internal ?? false,
    Attachable: network.attachable ?? false,
    ...(network.enable_ipv4 === undefined ? {} : { EnableIPv4: network.enable_ipv4 }),
    ...(network.enable_ipv6 === undefined ? {} : { EnableIPv6: network.enable_ipv6 }),
    ...(network.driver_opts === undefined ? {} : { Options: { ...network.driver_opts } }),
    ...(config.length === 0 && ipam.driver === undefined
      ? {}
      : { IPAM: { Driver: ipam.driver ?? '', Config: config } }),
    Labels: {
      ...network.labels,
      [LABEL.hash]: hash,
      [LABEL.network]: key,
      [LABEL.project]: project.name,
      [LABEL.version]: COMPOSE_VERSION,
    },
  };
}

export function volumeBody(project: Project, key: string, volume: Volume, hash: string) {
  return {
    Name: volume.name ?? key,
    ...(volume.driver === undefined ? {} : { Driver: volume.driver }),
    ...(volume.driver_opts === undefined ? {} : { DriverOpts: { ...volume.driver_opts } }),
    Labels: {
      ...volume.labels,
      [LABEL.hash]: hash,
      [LABEL.project]: project.name,
      [LABEL.version]: COMPOSE_VERSION,
      [LABEL.volume]: key,
    },
  };
}

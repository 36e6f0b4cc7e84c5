// Network settings of a create: which go with which mode, and endpoints of networks.
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { invalid } from '../../base/errors.ts';
import type { ContainerConfig, EndpointSettings, HostConfig } from '../../spec/docker/index.ts';
import type { CreateFacts } from './facts.ts';
import { isUserNetwork, joinedContainer } from './modes.ts';

const conflicting = (what: string): Error => invalid(`conflicting options: ${what}`);

/** Throws invalid when a setting has no meaning in the mode. */
export function checkNetworkMode(config: ContainerConfig, host: HostConfig): void {
  const joined = host.NetworkMode === 'container' ? '' : joinedContainer(host.NetworkMode);
  if (joined !== undefined) {
    if (joined === '') throw invalid('invalid network mode: invalid container format container:<name|id>');
    if (config.Hostname !== '') throw conflicting('hostname and the network mode');
    if (has(host.Links)) {
      throw conflicting("container type network can't be used with links. This would result in undefined behavior");
    }
    if (has(host.Dns)) throw conflicting('dns and the network mode');
    if (has(host.ExtraHosts)) throw conflicting('custom host-to-IP mapping and the network mode');
    if (Object.keys(host.PortBindings ?? {}).length > 0 || host.PublishAllPorts) {
      throw conflicting('port publishing and the container type network mode');
    }
    if (Object.keys(config.ExposedPorts ?? {}).length > 0) {
      throw conflicting('port exposing and the container type network mode');
    }
  }
  if (host.UTSMode === 'host' && config.Hostname !== '') throw conflicting('hostname and the UTS mode');
  if (host.NetworkMode === 'host' && has(host.Links)) throw linksWithHostNetwork();
}

/** Of a link from or to a container of the host's network. */
export function linksWithHostNetwork(): Error {
  return conflicting("host type networking can't be used with links. This would result in undefined behavior");
}

function has(list: readonly string[] | null): boolean {
  return (list ?? []).length > 0;
}

/** Throws invalid with every fault of every endpoint, as dockerd lists them. */
export function checkEndpoints(endpoints: Readonly<Record<string, EndpointSettings | null>>, facts: CreateFacts): void {
  const faults: string[] = [];
  for (const [network, endpoint] of Object.entries(endpoints)) {
    const fault = endpoint ? endpointFault(network, endpoint, facts) : 'EndpointsConfig is nil';
    if (fault) faults.push(`invalid config for network ${network}: ${fault}`);
  }
  if (faults.length > 0) throw invalid(joinFaults(faults));
}

/** Throws invalid for the settings of one endpoint alone, as a connect gives them. */
export function checkEndpoint(network: string, endpoint: EndpointSettings, facts: CreateFacts): void {
  const fault = endpointFault(network, endpoint, facts);
  if (fault) throw invalid(fault);
}

function endpointFault(network: string, endpoint: EndpointSettings, facts: CreateFacts): string | undefined {
  const faults: string[] = [];
  const { IPv4Address: v4 = '', IPv6Address: v6 = '', LinkLocalIPs = [] } = endpoint.IPAMConfig ?? {};
  if (!isUserNetwork(network)) {
    if (v4 || v6) faults.push('user specified IP address is supported on user defined networks only');
    if (has(endpoint.Aliases)) {
      faults.push('network-scoped alias is supported only for containers in user defined networks');
    }
  }
  if (v4 && (!isIPv4(v4) || v4 === '0.0.0.0')) faults.push(`invalid IPv4 address: ${v4}`);
  if (v6 && (!isIPv6(v6) || v6 === '::')) faults.push(`invalid IPv6 address: ${v6}`);
  for (const one of LinkLocalIPs ?? []) {
    if (isIP(one) === 0 || one === '0.0.0.0' || one === '::') faults.push(`invalid link-local IP address: ${one}`);
    else if (!/^(169\.254\.|fe[89ab][\da-f]:)/i.test(one)) faults.push(`invalid link local IP address: ${one}`);
  }
  const subnets = facts.networkSubnets?.(network);
  if (subnets) {
    for (const address of [v4, v6]) {
      const fault = address === '' ? undefined : rangeFault(address, subnets);
      if (fault) faults.push(fault);
    }
  }
  if (endpoint.MacAddress !== '' && !isMac(endpoint.MacAddress)) return `invalid MAC address ${endpoint.MacAddress}`;
  faults.push(...sysctlFaults(endpoint.DriverOpts?.['com.docker.network.endpoint.sysctls']));
  return faults.length === 0 ? undefined : `invalid endpoint settings:\n${joinFaults(faults)}`;
}

function rangeFault(address: string, subnets: readonly string[]): string | undefined {
  const family = isIPv4(address) ? 'ipv4' : 'ipv6';
  const own = subnets.filter((subnet) => isIP(subnet.split('/')[0] ?? '') === (family === 'ipv4' ? 4 : 6));
  if (own.length === 0) {
    return 'user specified IP address is supported only when connecting to networks with user configured subnets';
  }
  const range = new BlockList();
  for (const subnet of own) {
    const [base = '', bits = '0'] = subnet.split('/');
    range.addSubnet(base, Number(bits), family);
  }
  if (isIP(address) === 0 || range.check(address, family)) return undefined;
  return `no configured subnet or ip-range contain the IP address ${address}`;
}

function sysctlFaults(list: string | undefined): string[] {
  return (list === undefined ? [] : list.split(','))
    .filter((one) => !/^[^.]*\.(ipv4|ipv6|mpls)\.[^.]*\.(IFNAME|ifname)\../.test(one))
    .map(
      (one) =>
        `unrecognised network interface sysctl '${one}'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'`,
    );
}

/** EUI-48, EUI-64 or InfiniBand, in pairs (`02:42:…`, `02-42-…`) or in fours (`0242.ac11.0002`). */
function isMac(text: string): boolean {
  const inGroups = (separator: string, digits: number, counts: readonly number[]): boolean => {
    const groups = text.split(separator);
    return counts.includes(groups.length) && groups.every((one) => one.length === digits && /^[\da-f]+$/i.test(one));
  };
  return inGroups(':', 2, [6, 8, 20]) || inGroups('-', 2, [6, 8, 20]) || inGroups('.', 4, [3, 4, 10]);
}

/** One fault is told as it is, more as a bulleted list with the deeper ones indented. */
function joinFaults(faults: readonly string[]): string {
  if (faults.length === 1) return (faults[0] ?? '').trim();
  return faults.map((one) => `* ${one.replaceAll('\n', '\n\t')}`).join('\n');
}

// An endpoint: one container on one network, with what it was given; and its decisions, pure.
import { createHash, randomBytes } from 'node:crypto';
import { forbidden } from '../../base/errors.ts';
import type { EndpointSettings } from '../../spec/docker/index.ts';
import {
  type Address,
  addressBytes,
  addressText,
  type Block,
  contains,
  parseAddress,
  parseBlock,
} from '../../base/address.ts';
import { exhausted, freeAddress, type Subnet, subnetOf, takeAddress } from '../ipam/ipam.ts';
import { DEFAULT_GATEWAY, ENDPOINT_OPTION, mtuOption } from '../model/options.ts';
import type { NetworkRecord } from '../model/record.ts';
import { hasLinks, leadsOut } from '../model/traits.ts';
import { macText, type UsedAddresses } from './used.ts';

export interface Endpoint {
  readonly id: string;
  readonly network: NetworkRecord;
  /** Empty where the driver has no links. */
  readonly mac: string;
  readonly addresses: readonly Block[];
  readonly gateways: readonly Address[];
  /** What resolves to it on its network. */
  names: readonly string[];
  /** Names that it alone has for others: `--link` on a network of the user's. */
  readonly links: readonly { readonly target: string; readonly alias: string }[];
  readonly priority: number;
  /** Link-local addresses that a person gave it besides. */
  readonly linkLocal: readonly Block[];
  /** The name that its interface is to have; empty for the next free one. */
  readonly wishedName: string;
  /** `net.ipv4.conf.IFNAME.x=1` */
  readonly sysctls: readonly string[];
  /** Name of its interface inside; empty until it is plugged in. */
  interfaceName: string;
}

/** A bridge network's subnets, as its record has them. */
export function subnetsOf(network: NetworkRecord): Subnet[] {
  return (network.ipam ?? []).flatMap((config) => {
    const block = parseBlock(config.Subnet ?? '');
    if (!block || (block.family === 6 && !network.ipv6) || (block.family === 4 && !network.ipv4)) return [];
    return [
      subnetOf(block, {
        ...(config.Gateway === undefined ? {} : { gateway: config.Gateway }),
        ...(config.IPRange === undefined ? {} : { range: config.IPRange }),
        ...(config.AuxiliaryAddresses === undefined ? {} : { reserved: config.AuxiliaryAddresses }),
      }),
    ];
  });
}

/** What `host-gateway` stands for: the addresses that were set, or the host's on the default network. */
export function hostGateways(set: readonly Address[], record: NetworkRecord | undefined): readonly string[] {
  const own = record ? subnetsOf(record).map(({ gateway }) => gateway) : [];
  return (set.length > 0 ? set : own).map(addressText);
}

export interface EndpointRequest {
  readonly id: string;
  readonly settings: EndpointSettings;
  /** The user's; empty for one that goes with the address. */
  readonly mac: string;
  readonly names: readonly string[];
}

/** As if the user had named these addresses. */
export function withAddresses(
  settings: EndpointSettings,
  { address, address6 = '' }: { readonly address: string; readonly address6?: string },
): EndpointSettings {
  return { ...settings, IPAMConfig: { ...settings.IPAMConfig, IPv4Address: address, IPv6Address: address6 } };
}

/** Takes addresses that nobody has. Throws Docker's refusals. */
export function makeEndpoint(network: NetworkRecord, request: EndpointRequest, used: UsedAddresses): Endpoint {
  const base = {
    id: request.id,
    network,
    priority: request.settings.GwPriority,
    names: request.names,
    links: linksOf(request.settings),
    ...extrasOf(request.settings),
    interfaceName: '',
  };
  if (!hasLinks(network)) return { ...base, mac: '', addresses: [], gateways: [], names: [] };
  const subnets = subnetsOf(network);
  const { IPv4Address = '', IPv6Address = '' } = request.settings.IPAMConfig ?? {};
  const addresses = [...new Set(subnets.map(({ block }) => block.family))].map((family): Block => {
    const own = subnets.filter(({ block }) => block.family === family);
    const requested = family === 4 ? IPv4Address : IPv6Address;
    const address =
      requested === ''
        ? own.map((subnet) => freeAddress(subnet, used.kept)).find((one) => one !== undefined)
        : takeAddress(own, requested, used.addresses);
    const block = address && own.find((one) => contains(one.block, address))?.block;
    if (!address || !block) throw exhausted(family, network);
    return { ...address, bits: block.bits };
  });
  const mac =
    request.mac === ''
      ? freeMac(addresses.find(({ family }) => family === 4) ?? addresses[0], used.keptMacs)
      : macText(request.mac);
  // two interfaces with one are neither of them reached
  if (used.macs.has(mac)) throw forbidden(`MAC address ${mac} is already in use on network ${network.name}`);
  return { ...base, mac, addresses, gateways: gatewaysOf(network, addresses) };
}

function extrasOf({
  DriverOpts,
  IPAMConfig,
}: EndpointSettings): Pick<Endpoint, 'linkLocal' | 'wishedName' | 'sysctls'> {
  const sysctls = DriverOpts?.[ENDPOINT_OPTION.sysctls] ?? '';
  return {
    linkLocal: (IPAMConfig?.LinkLocalIPs ?? []).flatMap((text) => {
      const address = parseAddress(text);
      return address ? [{ ...address, bits: address.family === 4 ? 16 : 64 }] : [];
    }),
    wishedName: DriverOpts?.[ENDPOINT_OPTION.name] ?? '',
    sysctls: sysctls === '' ? [] : sysctls.split(','),
  };
}

/** `container:alias` */
function linksOf({ Links }: EndpointSettings): { target: string; alias: string }[] {
  return (Links ?? []).map((link) => {
    const [target = '', alias = target] = link.split(':');
    return { target: target.replace(/^\//, ''), alias };
  });
}

/** Of the subnets that its addresses are in: whoever leads out of another one is not reached without a way there. */
function gatewaysOf(network: NetworkRecord, addresses: readonly Address[]): Address[] {
  if (network.internal || !leadsOut(network)) return [];
  const own = subnetsOf(network).filter(({ block }) => addresses.some((address) => contains(block, address)));
  return own.map(({ block, gateway }) => {
    const other = (network.ipam ?? []).map((one) => one.AuxiliaryAddresses?.[DEFAULT_GATEWAY[block.family]]);
    return parseAddress(other.find((one) => one !== undefined) ?? '') ?? gateway;
  });
}

/** One that nobody has: a container may have been given what goes with this address, when it had it before. */
function freeMac(address: Address | undefined, taken: ReadonlySet<string>): string {
  let mac = macOf(address);
  while (taken.has(mac)) mac = macOf(undefined);
  return mac;
}

/**
 * Who has an address next has its MAC address too, so that neighbours who remember it need not learn: `02:42` and the IPv4
 * address, as Docker had it; of an IPv6 address what tells it from others. Random without an address.
 */
function macOf(address: Address | undefined): string {
  const bytes = address ? addressBytes(address) : randomBytes(4);
  const tail = bytes.length === 4 ? bytes : createHash('sha256').update(bytes).digest().subarray(0, 4);
  return ['02', '42', ...[...tail].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

/** The endpoint as a former daemon gave it, out of the container's settings. */
export function endpointFrom(network: NetworkRecord, settings: EndpointSettings): Endpoint {
  const address = (text: string, bits: number): Block[] => {
    const found = parseAddress(text);
    return found ? [{ ...found, bits }] : [];
  };
  const addresses = [
    ...address(settings.IPAddress, settings.IPPrefixLen),
    ...address(settings.GlobalIPv6Address, settings.GlobalIPv6PrefixLen),
  ];
  return {
    id: settings.EndpointID,
    network,
    mac: settings.MacAddress,
    addresses,
    gateways: hasLinks(network) ? gatewaysOf(network, addresses) : [],
    names: settings.DNSNames ?? [],
    links: linksOf(settings),
    ...extrasOf(settings),
    priority: settings.GwPriority,
    interfaceName: '',
  };
}

/** Of the network, and of families that the endpoint has, but not those that its addresses are in; none where the network's gateway leads there. */
export function otherBlocks({ network, addresses }: Endpoint): Block[] {
  if (leadsOut(network)) return [];
  const blocks = subnetsOf(network).map(({ block }) => block);
  return blocks.filter(
    (block) =>
      addresses.some(({ family }) => family === block.family) && !addresses.some((address) => contains(block, address)),
  );
}

const addressOf = (endpoint: Endpoint, family: 4 | 6): Block | undefined =>
  endpoint.addresses.find((one) => one.family === family);

/** Text of an endpoint's address; empty when it has none of the family. */
export function textOf(endpoint: Endpoint, family: 4 | 6): string {
  const address = addressOf(endpoint, family);
  return address ? addressText(address) : '';
}

/** The settings with what the endpoint was given. */
export function filled(settings: EndpointSettings, endpoint: Endpoint): EndpointSettings {
  const gateway = (family: 4 | 6): string => {
    const found = endpoint.gateways.find((one) => one.family === family);
    return found ? addressText(found) : '';
  };
  return {
    ...settings,
    MacAddress: endpoint.mac,
    NetworkID: endpoint.network.id,
    EndpointID: endpoint.id,
    Gateway: gateway(4),
    IPAddress: textOf(endpoint, 4),
    IPPrefixLen: addressOf(endpoint, 4)?.bits ?? 0,
    IPv6Gateway: gateway(6),
    GlobalIPv6Address: textOf(endpoint, 6),
    GlobalIPv6PrefixLen: addressOf(endpoint, 6)?.bits ?? 0,
    DNSNames: endpoint.names.length > 0 ? [...endpoint.names] : null,
  };
}

/** The settings once the container is off: what it was given is gone, what was wished and where stays. */
export function emptied(settings: EndpointSettings): EndpointSettings {
  return {
    ...settings,
    MacAddress: '',
    EndpointID: '',
    Gateway: '',
    IPAddress: '',
    IPPrefixLen: 0,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
  };
}

/** Which endpoint a family's way out leads over: the highest priority, then the first name. Networks without a way out have none. */
export function gatewayEndpoint(endpoints: readonly Endpoint[], family: 4 | 6): Endpoint | undefined {
  return endpoints
    .filter(({ gateways }) => gateways.some((one) => one.family === family))
    .toSorted((a, b) => b.priority - a.priority || (a.network.name < b.network.name ? -1 : 1))[0];
}

export function mtuOf(network: NetworkRecord, uplink: number): number {
  return network.overlay?.mtu ?? mtuOption(network.options) ?? uplink;
}

// From what is said of an overlay network to the record that this host keeps of it. Pure.
import { createHash } from 'node:crypto';
import { addressBytes, contains, parseAddress, parseBlock } from '../../base/address.ts';
import { bridgeName } from '../model/names.ts';
import { mtuOption } from '../model/options.ts';
import type { NetworkRecord } from '../model/record.ts';
import type { OverlayState } from '../../spec/berth/index.ts';

/** VXLAN over IPv4: Ethernet, VXLAN, UDP and IP headers. */
const OVERHEAD = { 4: 50, 6: 70 } as const;

export interface HostFacts {
  /** This host among the nodes. */
  readonly node: string;
  /** MTU of the link by which the others are reached. */
  readonly pathMtu: number;
}

export function recordOfState(state: OverlayState, facts: HostFacts): NetworkRecord {
  const own = state.members.find(({ isNode, node }) => isNode === true && node === facts.node);
  const subnets = [{ subnet: state.subnet, gateway: state.gateway }, ...(state.others ?? [])];
  return {
    id: state.id,
    name: state.name,
    driver: 'overlay',
    created: state.created,
    ipv4: true,
    ipv6: subnets.some(({ subnet }) => parseBlock(subnet)?.family === 6),
    ipamDriver: 'default',
    ipamOptions: null,
    ipam: subnets.map(({ subnet, gateway }) => ({ Subnet: subnet, Gateway: gateway })),
    givenSubnets: subnets.map(({ subnet }) => subnet),
    internal: state.internal,
    attachable: state.attachable,
    ingress: state.ingress,
    configOnly: false,
    configFrom: '',
    options: { ...state.options, 'com.docker.network.driver.overlay.vxlanid_list': String(state.vni) },
    labels: { ...state.labels },
    bridge: bridgeName(state.id),
    foreignBridge: false,
    ...(state.active
      ? {
          overlay: {
            vni: state.vni,
            port: state.port,
            mtu: mtuOption(state.options) ?? mtuOver(facts.pathMtu, 4),
            mac: own ? memberMac(own.address) : ownMac(`${facts.node} ${state.id}`),
            ...(own ? { address: withPrefix(own.address, subnets) } : {}),
          },
        }
      : {}),
  };
}

function withPrefix(text: string, subnets: readonly { readonly subnet: string }[]): string {
  const address = parseAddress(text);
  const block = subnets
    .flatMap(({ subnet }) => parseBlock(subnet) ?? [])
    .find((one) => address && contains(one, address));
  return `${text}/${block?.bits ?? 24}`;
}

export function mtuOver(pathMtu: number, family: 4 | 6): number {
  return pathMtu - OVERHEAD[family];
}

/** That of whoever has this address on an overlay network: everybody can say it without asking. */
export function memberMac(address: string): string {
  const parsed = parseAddress(address);
  return ['02', '42', ...[...(parsed ? addressBytes(parsed) : [])].map(hex)].join(':');
}

function ownMac(text: string): string {
  return ['02', ...[...createHash('sha256').update(text).digest().subarray(0, 5)].map(hex)].join(':');
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

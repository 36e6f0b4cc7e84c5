// The networks that every daemon has: bridge, host and none; the bridge as the daemon's settings want it. Pure.
import type { IpamConfig } from '../../spec/docker/index.ts';
import { type Address, addressText, type Block, blockText, masked, overlaps, parseBlock } from '../../base/address.ts';
import { freeSubnet, localV6, type Pool, subnetOf, type TakenBlocks } from '../ipam/ipam.ts';
import { DEFAULT_GATEWAY, OPTION } from '../model/options.ts';
import type { NetworkRecord } from '../model/record.ts';
import type { FamilyOptions, Settings } from './settings.ts';

export interface PredefinedFacts {
  readonly name: 'bridge' | 'host' | 'none';
  readonly id: string;
  readonly created: string;
  readonly bridge: string;
  readonly uplinkMtu: number;
  readonly settings: Settings;
  readonly taken: TakenBlocks;
  /** 56 random bits for an IPv6 subnet. */
  readonly random: bigint;
  /** The same network as it was before: what nobody has said otherwise since stays. */
  readonly before?: NetworkRecord;
}

export function predefined(facts: PredefinedFacts): NetworkRecord {
  const { name, settings } = facts;
  const { name: given, v4, v6, ipv6, ...request } = settings.bridge;
  const base = {
    id: facts.id,
    name,
    created: facts.created,
    ipv4: true,
    ipv6: name === 'bridge' && ipv6,
    ipamDriver: 'default',
    ipamOptions: null,
    givenSubnets: [],
    internal: false,
    attachable: false,
    ingress: false,
    configOnly: false,
    configFrom: '',
    labels: {},
    foreignBridge: name === 'bridge' && given !== '' && given !== 'none',
  };
  if (name !== 'bridge' || given === 'none')
    return { ...base, driver: name === 'host' ? 'host' : 'null', ipam: null, options: {}, bridge: '' };
  const before = (family: 4 | 6): Block | undefined =>
    (facts.before?.bridge === facts.bridge ? (facts.before.ipam ?? []) : [])
      .map(({ Subnet = '' }) => parseBlock(Subnet))
      .find((one) => one?.family === family && !facts.taken.host.some((other) => overlaps(one, other)));
  return {
    ...base,
    driver: 'bridge',
    givenSubnets: [v4, v6].flatMap(({ own, range }) => {
      const given = own ?? range;
      return given ? [blockText(masked(given))] : [];
    }),
    ipam: [
      configOf(v4, () => before(4) ?? freeSubnet(settings.pools, facts.taken)),
      ...(ipv6 ? [configOf(v6, () => before(6) ?? ownV6(facts))] : []),
    ],
    bridge: facts.bridge,
    options: {
      [OPTION.defaultBridge]: 'true',
      [OPTION.icc]: String(request.icc),
      [OPTION.masquerade]: String(request.masquerade),
      [OPTION.hostBinding]: request.hostBinding,
      [OPTION.bridge]: facts.bridge,
      [OPTION.mtu]: String(request.mtu === 0 ? facts.uplinkMtu : request.mtu),
    },
  };
}

function ownV6({ settings: { pools }, taken, random }: PredefinedFacts): Block {
  return pools.some(({ base }: Pool) => base.family === 6) ? freeSubnet(pools, taken, 6) : localV6(random);
}

/** `chosen` is asked only when the settings name no subnet. */
function configOf({ own, range, gateway }: FamilyOptions, chosen: () => Block): IpamConfig {
  const block = own ?? range ?? chosen();
  const reserved = gateway ? { [DEFAULT_GATEWAY[gateway.family]]: addressText(gateway) } : undefined;
  const subnet = subnetOf(block, {
    ...(own ? { gateway: addressText(own satisfies Address) } : {}),
    ...(reserved ? { reserved } : {}),
  });
  return {
    Subnet: blockText(subnet.block),
    ...(range ? { IPRange: blockText(masked(range)) } : {}),
    Gateway: addressText(subnet.gateway),
    ...(reserved ? { AuxiliaryAddresses: reserved } : {}),
  };
}

/** Whether containers and links of the one fit the other: the same subnets, gateways and bridge. */
export function sameGround(a: NetworkRecord, b: NetworkRecord): boolean {
  return a.bridge === b.bridge && JSON.stringify(a.ipam) === JSON.stringify(b.ipam) && a.ipv6 === b.ipv6;
}

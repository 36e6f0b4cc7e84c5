// The networks that every daemon has: bridge, host and none. Pure.
import { addressText, type Block, blockText, parseBlock } from './address.ts';
import { freeSubnet, type Pool, subnetOf, type TakenBlocks } from './ipam.ts';
import { OPTION } from './options.ts';
import type { NetworkRecord } from './record.ts';

export interface PredefinedFacts {
  readonly name: 'bridge' | 'host' | 'none';
  readonly id: string;
  readonly created: string;
  readonly bridge: string;
  readonly mtu: number;
  readonly pools: readonly Pool[];
  readonly taken: TakenBlocks;
  /** The default bridge's address with its prefix, where a person gave one: `192.168.5.1/24`. */
  readonly bip: string | undefined;
}

export function predefined(facts: PredefinedFacts): NetworkRecord {
  const { name } = facts;
  const base = {
    id: facts.id,
    name,
    created: facts.created,
    ipv4: true,
    ipv6: false,
    ipamDriver: 'default',
    ipamOptions: null,
    givenSubnets: facts.bip === undefined || name !== 'bridge' ? [] : [facts.bip],
    internal: false,
    attachable: false,
    ingress: false,
    configOnly: false,
    configFrom: '',
    labels: {},
    foreignBridge: false,
  };
  if (name !== 'bridge')
    return { ...base, driver: name === 'none' ? 'null' : 'host', ipam: null, options: {}, bridge: '' };
  const own = facts.bip === undefined ? undefined : parseBlock(facts.bip);
  const block: Block = own ?? freeSubnet(facts.pools, facts.taken);
  const { gateway, block: subnet } = subnetOf(block, own ? { gateway: addressText(own) } : {});
  return {
    ...base,
    driver: 'bridge',
    ipam: [{ Subnet: blockText(subnet), Gateway: addressText(gateway) }],
    bridge: facts.bridge,
    options: {
      [OPTION.defaultBridge]: 'true',
      [OPTION.icc]: 'true',
      [OPTION.masquerade]: 'true',
      [OPTION.hostBinding]: '0.0.0.0',
      [OPTION.bridge]: facts.bridge,
      [OPTION.mtu]: String(facts.mtu),
    },
  };
}

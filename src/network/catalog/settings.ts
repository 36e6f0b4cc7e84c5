// What a daemon's settings say about networks: pools, options that drivers begin with, and the default bridge. Pure.
import { invalid } from '../../base/errors.ts';
import {
  type Address,
  addressText,
  type Block,
  contains,
  type Family,
  parseAddress,
  parseBlock,
} from '../../base/address.ts';
import { DEFAULT_POOLS, type Pool } from '../ipam/ipam.ts';

/** As a person wrote them; empty and 0 mean: not said. */
export interface SettingsInput {
  readonly addressPools: readonly string[];
  readonly defaultOptions: readonly string[];
  readonly bridge: string;
  readonly bip: string;
  readonly bip6: string;
  readonly fixedCidr: string;
  readonly fixedCidr6: string;
  readonly gateway: string;
  readonly gateway6: string;
  readonly hostGateways: readonly string[];
  readonly icc: boolean;
  readonly ip: string;
  readonly forwarding: boolean;
  readonly forwardingDrops: boolean;
  readonly masquerade: boolean;
  readonly ipv6: boolean;
  readonly mtu: number;
  /** `open`, or `respect-firewall`. */
  readonly publishPolicy: string;
}

/** A family of the default bridge as far as a person said something about it. */
export interface FamilyOptions {
  /** The bridge's own address, with the prefix of its subnet. */
  readonly own?: Block;
  /** Where containers get their addresses from. */
  readonly range?: Block;
  /** Where containers send what leaves, when that is not the bridge. */
  readonly gateway?: Address;
}

export interface Settings {
  readonly pools: readonly Pool[];
  /** Options of new networks, by driver. */
  readonly defaults: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly bridge: {
    /** Somebody else's bridge; `none` for no default network at all; empty for one of the daemon's own. */
    readonly name: string;
    readonly v4: FamilyOptions;
    readonly v6: FamilyOptions;
    readonly ipv6: boolean;
    readonly icc: boolean;
    readonly masquerade: boolean;
    readonly hostBinding: string;
    /** 0: that of the way out. */
    readonly mtu: number;
  };
  readonly hostGateways: readonly Address[];
  /** The kernel's forwarding is turned on when it is off. */
  readonly forwarding: boolean;
  /** Where it is, packets between the host's other links are dropped. */
  readonly forwardingDrops: boolean;
  /** A published port is reachable only where a listener of the host would be. */
  readonly respectsFirewall: boolean;
}

/** Throws invalid for what is no address, block or pool. */
export function readSettings(input: SettingsInput): Settings {
  const pools = input.addressPools.map(poolOf);
  for (const family of [4, 6] as const)
    if (!pools.some(({ base }) => base.family === family))
      pools.push(...DEFAULT_POOLS.filter((one) => one.base.family === family));
  if (!Number.isInteger(input.mtu) || input.mtu < 0 || input.mtu > 65_535)
    throw invalid(`invalid MTU for the default bridge: ${input.mtu}`);
  if (input.bridge !== '' && (input.bip !== '' || input.bip6 !== ''))
    throw invalid('You specified -b & --bip, mutually exclusive options. Please specify only one');
  return {
    pools,
    defaults: defaultsOf(input.defaultOptions),
    bridge: {
      name: input.bridge,
      v4: familyOf(4, { own: input.bip, range: input.fixedCidr, gateway: input.gateway }),
      v6: familyOf(6, { own: input.bip6, range: input.fixedCidr6, gateway: input.gateway6 }),
      ipv6: input.ipv6,
      icc: input.icc,
      masquerade: input.masquerade,
      hostBinding: addressText(addressOf(input.ip, 'ip')),
      mtu: input.mtu,
    },
    hostGateways: hostGatewaysOf(input.hostGateways),
    forwarding: input.forwarding,
    forwardingDrops: input.forwardingDrops,
    respectsFirewall: policyOf(input.publishPolicy),
  };
}

function policyOf(text: string): boolean {
  if (text !== 'open' && text !== 'respect-firewall')
    throw invalid(`invalid publish policy ${JSON.stringify(text)}: it is "open" or "respect-firewall"`);
  return text === 'respect-firewall';
}

/** `base=10.0.0.0/8,size=24` */
function poolOf(text: string): Pool {
  const bad = (why: string): Error => invalid(`invalid default address pool ${JSON.stringify(text)}: ${why}`);
  let base: Block | undefined;
  let size: number | undefined;
  for (const field of text.split(',')) {
    const [key = '', value] = field.split('=');
    if (value === undefined) throw bad(`invalid field '${field}' must be a key=value pair`);
    if (key === 'base') base = parseBlock(value);
    else if (key === 'size') size = /^\d{1,3}$/.test(value) ? Number(value) : undefined;
    else throw bad(`unexpected key '${key}' in '${field}'`);
  }
  if (!base) throw bad('base is no CIDR block');
  if (size === undefined) throw bad('size is no number');
  if (size < base.bits || size > (base.family === 4 ? 30 : 126))
    throw bad(`size must be between ${base.bits}, the base's own, and ${base.family === 4 ? 30 : 126}`);
  return { base, size };
}

/** `driver=key=value` */
function defaultsOf(texts: readonly string[]): Record<string, Record<string, string>> {
  const found: Record<string, Record<string, string>> = {};
  for (const text of texts) {
    const [, driver = '', key = '', value = ''] = /^([^=]+)=([^=]+)=(.*)$/s.exec(text) ?? [];
    if (driver === '')
      throw invalid(`invalid default network option ${JSON.stringify(text)}: it has the form driver=key=value`);
    (found[driver] ??= {})[key] = value;
  }
  return found;
}

function familyOf(family: Family, text: { own: string; range: string; gateway: string }): FamilyOptions {
  const block = (value: string): Block | undefined => {
    if (value === '') return undefined;
    const found = parseBlock(value);
    if (found?.family !== family) throw invalid(`invalid CIDR address: ${value}`);
    return found;
  };
  const own = block(text.own);
  const range = block(text.range);
  const gateway = text.gateway === '' ? undefined : addressOf(text.gateway, 'default-gateway');
  const subnet = own ?? range;
  if (own && range && !contains(own, range))
    throw invalid(`the default bridge's subnet ${text.own} does not contain ${text.range}`);
  if (gateway && (gateway.family !== family || (subnet && !contains(subnet, gateway))))
    throw invalid(`the default gateway ${text.gateway} is not in the default bridge's subnet`);
  return { ...(own ? { own } : {}), ...(range ? { range } : {}), ...(gateway ? { gateway } : {}) };
}

/** The same settings where the default bridge is somebody else's: it has addresses, and the network is around them. */
export function onGivenBridge(
  settings: Settings,
  addressesOf: (bridge: string) => readonly Block[] | undefined,
): Settings {
  const { name, v4, v6 } = settings.bridge;
  if (name === '' || name === 'none') return settings;
  const addresses = addressesOf(name);
  if (!addresses) throw invalid(`bridge device with non default name ${name} must be created manually`);
  const around = ({ range, ...request }: FamilyOptions, family: Family): FamilyOptions => {
    const there = addresses.filter((one) => one.family === family && !contains(LINK_LOCAL, one));
    const holds = (one: Block): boolean => range !== undefined && contains(one, range) && one.bits <= range.bits;
    const own = there.find(holds) ?? there[0];
    const fits = range && (!own || holds(own));
    return { ...request, ...(own ? { own } : {}), ...(fits ? { range } : {}) };
  };
  return { ...settings, bridge: { ...settings.bridge, v4: around(v4, 4), v6: around(v6, 6) } };
}

const LINK_LOCAL = parseBlock('fe80::/10') as Block;

function addressOf(text: string, what: string): Address {
  const found = parseAddress(text);
  if (!found) throw invalid(`invalid IP address for ${what}: ${text}`);
  return found;
}

function hostGatewaysOf(texts: readonly string[]): Address[] {
  const found = texts.flatMap((text) => text.split(',')).map((text) => addressOf(text, 'host-gateway-ip'));
  for (const family of [4, 6])
    if (found.filter((one) => one.family === family).length > 1)
      throw invalid(`only one IPv${family} host gateway IP address can be specified`);
  return found;
}

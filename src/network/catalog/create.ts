// From a create body to a network's record: checked in dockerd's order, subnets chosen. Pure over what is taken.
import { forbidden, internal, invalid, notFound, unavailable } from '../../base/errors.ts';
import type { IpamConfig, NetworkCreateBody } from '../../spec/docker/index.ts';
import { addressText, type Block, blockText, firstOf, lastOf, parseAddress, parseBlock } from '../../base/address.ts';
import { checkIpam } from './check.ts';
import { checkFree, freeSubnet, localV6, type Pool, subnetOf, type TakenBlocks } from '../ipam/ipam.ts';
import type { Driver, HostFacts } from '../drivers/index.ts';
import { enabledBy, mtuOption, OPTION } from '../model/options.ts';
import type { NetworkRecord } from '../model/record.ts';

export interface CreateFacts extends HostFacts {
  readonly id: string;
  readonly created: string;
  readonly pools: readonly Pool[];
  /** Options that a driver's new networks begin with. */
  readonly defaults: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly taken: TakenBlocks;
  /** Throws for a driver that there is not. */
  readonly driverNamed: (name: string) => Pick<Driver, 'choose'>;
  /** 56 random bits for an IPv6 subnet. */
  readonly random: bigint;
}

/** RFC 8200, section 5. */
const IPV6_MTU = 1280;

export const NO_SWARM =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

/** Throws Docker's refusals: 400 for nonsense, 403 for what is taken, 404 for what is not there, 409 for the name. */
export function recordOf(body: NetworkCreateBody, facts: CreateFacts): NetworkRecord {
  const { Name: name, Options, Labels } = body;
  if (['bridge', 'host', 'none', 'default'].includes(name))
    throw forbidden(`operation is not permitted on predefined ${name} network `);
  const driver = body.Driver === '' || body.Driver === 'default' ? 'bridge' : body.Driver;
  if (driver === 'overlay') throw forbidden(NO_SWARM);
  const said = { ...unsaid(facts.defaults[driver] ?? {}, body), ...Options };
  const ipv6 = body.EnableIPv6 ?? enabledBy(said, 6) ?? false;
  checkIpam(body.IPAM, ipv6);
  if (name.trim() === '') throw invalid('invalid name: name is empty');
  if (body.Scope === 'swarm') throw unavailable('cannot create a swarm scoped network when swarm is not active');
  if (body.Ingress) throw forbidden('Ingress network can only be global scope network');
  const owner = body.ConfigFrom?.Network ?? '';
  if (body.ConfigOnly && owner !== '')
    throw forbidden('a configuration network cannot depend on another configuration network');
  const borrowed = owner === '' ? undefined : lent(body, owner, facts.networks);
  const ipamDriver = body.IPAM?.Driver === '' ? 'default' : (body.IPAM?.Driver ?? 'default');
  const base = {
    id: facts.id,
    name,
    driver,
    created: facts.created,
    ipv4: body.EnableIPv4 ?? enabledBy(said, 4) ?? true,
    ipv6: borrowed?.ipv6 ?? ipv6,
    ipamDriver,
    ipamOptions: body.IPAM?.Options ?? null,
    ipam: byFamily(borrowed?.ipam ?? body.IPAM?.Config ?? []),
    givenSubnets: (borrowed?.ipam ?? body.IPAM?.Config ?? []).map(({ Subnet = '' }) => Subnet),
    internal: borrowed?.internal ?? body.Internal,
    attachable: borrowed?.attachable ?? body.Attachable,
    ingress: false,
    configOnly: body.ConfigOnly,
    configFrom: owner,
    options: borrowed?.options ?? (body.ConfigOnly ? { ...Options } : said),
    labels: borrowed?.labels ?? Labels ?? {},
    bridge: '',
    foreignBridge: false,
  };
  if (body.ConfigOnly) return { ...base, driver: 'null' };
  const driverRow = facts.driverNamed(driver);
  if (ipamDriver !== 'default') throw invalid(`invalid ipam driver: "${ipamDriver}"`);
  if (!base.ipv4 && !base.ipv6) throw invalid('IPv4 or IPv6 must be enabled');
  checkMtu(base);
  const { withoutGateway, bridge, foreignBridge } = driverRow.choose(base, facts);
  return { ...base, ipam: chosen(base.ipam, base, facts, withoutGateway), bridge, foreignBridge };
}

/** What switches a family on or off by default, where the request says nothing of it itself. */
function unsaid(
  defaults: Readonly<Record<string, string>>,
  { EnableIPv4, EnableIPv6 }: NetworkCreateBody,
): Record<string, string> {
  const left = { ...defaults };
  if (typeof EnableIPv4 === 'boolean') delete left[OPTION.enable[4]];
  if (typeof EnableIPv6 === 'boolean') delete left[OPTION.enable[6]];
  return left;
}

/** The settings of a configuration-only network; the borrower has none of its own. */
function lent(body: NetworkCreateBody, owner: string, networks: readonly NetworkRecord[]): NetworkRecord {
  const found = networks.find((one) => one.name === owner || one.id === owner);
  if (!found) throw notFound(`configuration network "${owner}" does not exist`);
  if (!found.configOnly) throw forbidden(`network "${owner}" is not a configuration network`);
  const own =
    Object.keys(body.Labels ?? {}).length > 0 ||
    Object.keys(body.Options ?? {}).length > 0 ||
    (body.IPAM?.Config ?? []).length > 0;
  if (own)
    throw forbidden(
      'user specified configurations are not supported if the network depends on a configuration network',
    );
  return found;
}

/** What inspect shows: the wishes as they are, and a subnet from the pools for a family that has none. */
function chosen(
  requests: readonly IpamConfig[],
  { ipv4, ipv6 }: { readonly ipv4: boolean; readonly ipv6: boolean },
  facts: CreateFacts,
  withoutGateway: readonly (4 | 6)[],
): IpamConfig[] {
  const configs = requests.map((request): IpamConfig => {
    const block = parseBlock(request.Subnet ?? '');
    if (!block || (block.family === 6 && !ipv6)) return request;
    checkFree(block, facts.taken);
    checkGateway(block, request);
    checkAuxiliary(block, request, !withoutGateway.includes(block.family));
    return request;
  });
  const has = (family: 4 | 6): boolean => requests.some(({ Subnet = '' }) => parseBlock(Subnet)?.family === family);
  const add = (block: Block): void => {
    const Gateway = addressText(subnetOf(block, {}).gateway);
    configs.push({ Subnet: blockText(block), ...(withoutGateway.includes(block.family) ? {} : { Gateway }) });
  };
  if (ipv4 && !has(4)) add(freeSubnet(facts.pools, facts.taken));
  if (ipv6 && !has(6)) {
    const own = facts.pools.some(({ base }) => base.family === 6);
    add(own ? freeSubnet(facts.pools, facts.taken, 6) : localV6(facts.random));
  }
  return configs;
}

/** Of what was given IPv4 is first, in whatever order it was, as in dockerd; what comes from the pools is behind it. */
function byFamily(configs: readonly IpamConfig[]): IpamConfig[] {
  const isSix = ({ Subnet = '' }: IpamConfig): boolean => parseBlock(Subnet)?.family === 6;
  return configs.toSorted((a, b) => Number(isSix(a)) - Number(isSix(b)));
}

/** Throws when a reserved address is the network's own, its gateway, or reserved twice. */
function checkAuxiliary(block: Block, { Gateway, IPRange, AuxiliaryAddresses }: IpamConfig, hasGateway: boolean): void {
  const edges = block.bits >= (block.family === 4 ? 31 : 127) ? [] : [firstOf(block), lastOf(block)];
  const { gateway } = subnetOf(block, {
    ...(Gateway === undefined ? {} : { gateway: Gateway }),
    ...(IPRange === undefined ? {} : { range: IPRange }),
  });
  const taken = new Set([...edges, ...(hasGateway ? [gateway.value] : [])]);
  for (const [name, text] of Object.entries(AuxiliaryAddresses ?? {})) {
    const value = parseAddress(text)?.value;
    if (value === undefined) continue;
    if (taken.has(value))
      throw internal(`failed to allocate secondary ip address (${name}:${text}): Address already in use`);
    taken.add(value);
  }
}

/** IPv6 has a least MTU, without which the kernel gives no address. */
function checkMtu({ ipv6, options }: Pick<NetworkRecord, 'ipv6' | 'options'>): void {
  const mtu = mtuOption(options);
  if (ipv6 && mtu !== undefined && mtu < IPV6_MTU)
    throw invalid(`invalid MTU number: ${mtu}: a network with IPv6 needs at least ${IPV6_MTU}`);
}

/** Throws when the wished gateway cannot be one, or there is no address left for any. */
function checkGateway(block: Block, request: IpamConfig): void {
  const given = request.Gateway === undefined ? undefined : parseAddress(request.Gateway);
  const edges = block.bits >= (block.family === 4 ? 31 : 127) ? [] : [firstOf(block), lastOf(block)];
  if (given && edges.includes(given.value))
    throw forbidden(`failed to allocate gateway (${request.Gateway}): Address already in use`);
  subnetOf(block, {
    ...(request.Gateway === undefined ? {} : { gateway: request.Gateway }),
    ...(request.IPRange === undefined ? {} : { range: request.IPRange }),
    ...(request.AuxiliaryAddresses === undefined ? {} : { reserved: request.AuxiliaryAddresses }),
  });
}

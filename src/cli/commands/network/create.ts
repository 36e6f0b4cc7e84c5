// `network create`: a new network.
import { isIP } from 'node:net';
import { command } from '../../session/context.ts';
import { exactly, Failure, flag, type Values } from '../../grammar/index.ts';
import { checkLabel, toMap } from '../../../spec/docker/shorthand/index.ts';

const flags = {
  attachable: flag.bool('', 'Enable manual container attachment'),
  'aux-address': flag.map('', 'Auxiliary IPv4 or IPv6 addresses used by Network driver'),
  'config-from': flag.string('', 'The network from which to copy the configuration'),
  'config-only': flag.bool('', 'Create a configuration only network'),
  driver: flag.string('d', 'Driver to manage the Network', 'bridge'),
  gateway: flag.strings('', 'IPv4 or IPv6 Gateway for the master subnet'),
  ingress: flag.bool('', 'Create swarm routing-mesh network'),
  internal: flag.bool('', 'Restrict external access to the network'),
  'ip-range': flag.strings('', 'Allocate container ip from a sub-range'),
  'ipam-driver': flag.string('', 'IP Address Management Driver', 'default'),
  'ipam-opt': flag.map('', 'Set IPAM driver specific options'),
  ipv4: flag.bool('', 'Enable or disable IPv4 address assignment', true),
  ipv6: flag.bool('', 'Enable or disable IPv6 address assignment'),
  label: flag.list('', 'Set metadata on a network', checkLabel),
  opt: flag.map('o', 'Set driver specific options'),
  scope: flag.string('', "Control the network's scope"),
  subnet: flag.strings('', 'Subnet in CIDR format that represents a network segment'),
} as const;

export const create = command({
  use: '[OPTIONS] NETWORK',
  description: 'Create a network',
  args: exactly(1),
  flags,
  async run(context, { flags: given, changed, args: [name = ''] }) {
    const body = {
      Name: name,
      Driver: given.driver,
      Scope: given.scope,
      ...(changed('ipv4') ? { EnableIPv4: given.ipv4 } : {}),
      ...(changed('ipv6') ? { EnableIPv6: given.ipv6 } : {}),
      IPAM: ipam(given),
      Internal: given.internal,
      Attachable: given.attachable,
      Ingress: given.ingress,
      ConfigOnly: given['config-only'],
      ...(given['config-from'] === '' ? {} : { ConfigFrom: { Network: given['config-from'] } }),
      Options: Object.fromEntries(given.opt),
      Labels: toMap(given.label),
    };
    const answer = await context.client.json<{ Id: string; Warning?: string }>('NetworkCreate', { json: body });
    if (answer.Warning) context.err(`WARNING: ${answer.Warning}\n`);
    context.out(`${answer.Id}\n`);
    return 0;
  },
});

interface Pool {
  Subnet: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
}

/** Ranges, gateways and reserved addresses belong to the subnet that holds them. */
function ipam(given: Values<typeof flags>) {
  const { subnet, gateway, 'ip-range': ranges, 'aux-address': aux } = given;
  if (subnet.length < ranges.length || subnet.length < gateway.length) {
    throw new Failure('every ip-range or gateway must have a corresponding subnet');
  }
  const pools: Pool[] = [];
  for (const one of subnet) {
    if (pools.some((pool) => overlaps(pool.Subnet, one)))
      throw new Failure('multiple overlapping subnet configuration is not supported');
    pools.push({ Subnet: one, AuxiliaryAddresses: {} });
  }
  const holding = (address: string, what: string): Pool => {
    const pool = pools.find((one) => contains(one.Subnet, address));
    if (!pool) throw new Failure(`no matching subnet for ${what} ${address}`);
    return pool;
  };
  for (const one of ranges) {
    const pool = holding(one, 'range');
    if (pool.IPRange !== undefined)
      throw new Failure(
        `cannot configure multiple ranges (${one}, ${pool.IPRange}) on the same subnet (${pool.Subnet})`,
      );
    pool.IPRange = one;
  }
  for (const one of gateway) {
    const pool = holding(one, 'gateway');
    if (pool.Gateway !== undefined)
      throw new Failure(
        `cannot configure multiple gateways (${one}, ${pool.Gateway}) for the same subnet (${pool.Subnet})`,
      );
    pool.Gateway = one;
  }
  for (const [key, address] of aux) (holding(address, 'aux-address').AuxiliaryAddresses ??= {})[key] = address;
  return { Driver: given['ipam-driver'], Options: Object.fromEntries(given['ipam-opt']), Config: pools };
}

function bits(text: string): { value: bigint; width: number; prefix: number } {
  const [address = '', length] = text.split('/');
  const version = isIP(address);
  if (version === 0) throw new Failure(`invalid CIDR address: ${text}`);
  const width = version === 4 ? 32 : 128;
  const prefix = length === undefined ? width : Number(length);
  if (version === 4)
    return { value: address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n), width, prefix };
  const [head = '', tail = ''] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const groups = address.includes('::')
    ? [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
    : left;
  return { value: groups.reduce((sum, part) => sum * 65536n + BigInt(`0x${part}`), 0n), width, prefix };
}

function contains(subnet: string, address: string): boolean {
  const net = bits(subnet);
  const one = bits(address);
  const shift = BigInt(net.width - net.prefix);
  return net.width === one.width && net.value >> shift === one.value >> shift;
}

const overlaps = (a: string, b: string): boolean => contains(a, b) || contains(b, a);

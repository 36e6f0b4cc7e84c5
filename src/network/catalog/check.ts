// Whether a create body's IPAM makes sense: every fault at once, in dockerd's words. Pure.
import { invalid } from '../../base/errors.ts';
import type { Ipam, IpamConfig } from '../../spec/docker/index.ts';
import {
  type Block,
  blockText,
  contains,
  masked,
  overlaps,
  parseAddress,
  parseBlock,
  sameBlock,
} from '../../base/address.ts';

/** Throws invalid `invalid network config:` with the faults. Blocks of a family that the network does not have are not looked at. */
export function checkIpam(ipam: Ipam | null, ipv6: boolean): void {
  const faults = (ipam?.Config ?? []).flatMap((config) => configFaults(config, ipv6));
  if (faults.length === 0) return;
  const text = faults.length === 1 ? faults[0] : faults.map((fault) => `* ${fault}`).join('\n');
  throw invalid(`invalid network config:\n${text}`);
}

function configFaults(config: IpamConfig, ipv6: boolean): string[] {
  const { Subnet = '', IPRange = '', Gateway = '', AuxiliaryAddresses = {} } = config;
  const subnet = parseBlock(Subnet);
  if (!subnet) return [`invalid subnet ${Subnet}: invalid CIDR block notation`];
  if (!ipv6 && subnet.family === 6) return [];
  const gatewayFault = addressFault(Gateway, subnet);
  return [
    ...(sameBlock(subnet, masked(subnet))
      ? []
      : [`invalid subnet ${blockText(subnet)}: it should be ${blockText(masked(subnet))}`]),
    ...rangeFaults(IPRange, subnet),
    ...(gatewayFault === undefined ? [] : [`invalid gateway ${Gateway}: ${gatewayFault}`]),
    ...Object.entries(AuxiliaryAddresses).flatMap(([name, address]) => {
      const fault = addressFault(address, subnet);
      return fault === undefined ? [] : [`invalid auxiliary address ${name}: ${fault}`];
    }),
  ];
}

function rangeFaults(text: string, subnet: Block): string[] {
  if (text === '') return [];
  const range = parseBlock(text);
  const say = (fault: string): string => `invalid ip-range ${text}: ${fault}`;
  if (!range) return [say('invalid CIDR block notation')];
  if (range.family !== subnet.family) return [say(`parent subnet is an IPv${subnet.family} block`)];
  return [
    ...(range.bits < subnet.bits ? [say(`CIDR block is bigger than its parent subnet ${blockText(subnet)}`)] : []),
    ...(sameBlock(range, masked(range)) ? [] : [say(`it should be ${blockText(masked(range))}`)]),
    ...(overlaps(subnet, range) ? [] : [say(`parent subnet ${blockText(subnet)} doesn't contain ip-range`)]),
  ];
}

function addressFault(text: string, subnet: Block): string | undefined {
  if (text === '') return undefined;
  const address = parseAddress(text);
  if (!address) return 'invalid address';
  if (address.family !== subnet.family) return `parent subnet is an IPv${subnet.family} block`;
  if (!contains(subnet, address)) return `parent subnet ${blockText(subnet)} doesn't contain this address`;
  return undefined;
}

// Driver bridge: containers joined by a bridge of this host, which is their way out.
import { forbidden } from '../../base/errors.ts';
import { firstOf, lastOf, parseBlock } from '../../base/address.ts';
import { bridgedPacketsAreFiltered, makeVeth } from '../links/links.ts';
import { bridgeName } from '../model/names.ts';
import { bridgeOptions, checkModes } from '../model/options.ts';
import type { NetworkRecord } from '../model/record.ts';
import type { Driver, HostFacts } from './driver.ts';

export const bridge: Driver = {
  name: 'bridge',
  choose: (network, facts) => {
    const options = bridgeOptions(network.options);
    checkModes(options, network.internal);
    const name = options.name ?? bridgeName(network.id);
    checkBridge(network.id, name, facts);
    checkCount(network);
    return {
      withoutGateway: ([4, 6] as const).filter((family) => options.mode[family] === 'isolated'),
      bridge: name,
      foreignBridge: options.name !== undefined && facts.linkExists(name),
    };
  },
  attach: (namespace, { network, inside, hostLink }) =>
    makeVeth(namespace, {
      ...inside,
      hostLink,
      bridge: network.bridge,
      isolated: !bridgeOptions(network.options).icc,
      hairpin: bridgedPacketsAreFiltered(),
    }),
};

function checkBridge(id: string, name: string, { networks }: HostFacts): void {
  const other = networks.find((one) => one.bridge === name);
  if (other)
    throw forbidden(
      `cannot create network ${id} (${name}): conflicts with network ${other.id} (${name}): networks have same bridge name`,
    );
}

function checkCount({ ipam }: NetworkRecord): void {
  for (const family of [4, 6]) {
    const blocks = (ipam ?? []).map(({ Subnet = '' }) => parseBlock(Subnet)).filter((one) => one?.family === family);
    const clash = blocks.some((one, at) =>
      blocks.slice(at + 1).some((two) => one && two && firstOf(one) <= lastOf(two) && firstOf(two) <= lastOf(one)),
    );
    if (clash) throw forbidden('invalid pool request: Pool overlaps with other one on this address space');
    if (blocks.length > 1) throw forbidden("bridge driver doesn't support multiple subnets");
  }
}

// Who reaches each published port, and where that is more than the host's own firewall would let in. Pure.
import type { PublishedPort } from '../../spec/berth/index.ts';
import { isCopied } from '../firewall/firewall.ts';
import type { HostFacts, Peer } from './facts.ts';
import { passage } from './passage.ts';
import { verdictAt } from '../firewall/ruleset.ts';
import { isAny, isLoopback } from './sockets.ts';

const SOME = 'whom the host firewall lets in';

/** By host port, then container. */
export function exposures(peers: readonly Peer[], host: HostFacts): PublishedPort[] {
  return peers
    .flatMap((peer) => peer.published.map((one) => exposure(peer, one, host)))
    .toSorted(
      (a, b) => a.hostPort - b.hostPort || (a.container < b.container ? -1 : a.container > b.container ? 1 : 0),
    );
}

function exposure(peer: Peer, one: Peer['published'][number], host: HostFacts): PublishedPort {
  const base = {
    container: peer.name,
    containerId: peer.id,
    protocol: one.protocol,
    hostAddress: one.shownAddress,
    hostPort: one.hostPort,
    port: one.port,
  };
  if (isLoopback(one.shownAddress)) return { ...base, reachableBy: 'this host' };
  const whom = isAny(one.shownAddress) ? 'everybody' : `who reaches ${one.shownAddress}`;
  const { rules, uplink, respectsFirewall } = host;
  const place = peer.places.find(({ addresses }) => addresses.includes(one.address));
  const way = passage(rules, one, { from: uplink, to: place?.bridge });
  if (!way.accepted) return { ...base, reachableBy: way.except.length > 0 ? SOME : 'this host' };
  // what the daemon copies has come past the input rules
  if (isCopied(one)) return { ...base, reachableBy: whom };
  const input = verdictAt(rules, 'input', {
    family: one.family,
    protocol: one.protocol,
    port: one.hostPort,
    ...(uplink === undefined ? {} : { from: uplink }),
  });
  if (input.accepted) return { ...base, reachableBy: whom };
  const some = input.except.length > 0;
  if (respectsFirewall) return { ...base, reachableBy: some ? SOME : 'this host' };
  return {
    ...base,
    reachableBy: whom,
    warning: `the host firewall is bypassed: ${input.by ?? ''} would ${some ? 'let in some only' : 'refuse it'}`,
  };
}

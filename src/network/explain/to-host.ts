// To an address of this host: what is published there, or a program of the host. Pure.
import type { Explanation } from '../../spec/berth/index.ts';
import type { Elsewhere, HostFacts, Peer, Question } from './facts.ts';
import { verdictAt } from '../firewall/ruleset.ts';
import { isAny, isLoopback } from './sockets.ts';
import { isAway, listening, throughPort, type Walk } from './walk.ts';

type Here = Extract<Elsewhere, { kind: 'host' }>;

export function toHost(walk: Walk, question: Question, here: Here, host: HostFacts): Explanation {
  const { origin, to, port, protocol } = question;
  const { address } = here;
  const from = origin.kind === 'container' && !origin.peer.onHost ? origin.peer : undefined;
  if (from?.alone) return walk.stop('route', `${from.name} has no network (--network none)`);
  if (from?.places.every(({ internal }) => internal))
    return walk.stop('route', `${from.name} has no way to this host: its networks are internal`);
  if (origin.kind === 'outside' && address !== undefined && isLoopback(address))
    return walk.stop('route', `${address} is every machine's own, and not reached from another`);
  const fits = ({ shownAddress, family }: Peer['published'][number]): boolean =>
    address === undefined ||
    shownAddress === address ||
    (isAny(shownAddress) && (family === 6) === address.includes(':'));
  for (const peer of here.peers) {
    const open = peer.published.filter((one) => one.protocol === protocol && one.hostPort === port && fits(one));
    if (open.length === 0) continue;
    walk.go('name', `port ${port} of this host is what ${peer.name} publishes`);
    const shared = peer.places.find(
      ({ bridge, addresses }) =>
        open.some((one) => addresses.includes(one.address)) && from?.places.some((one) => one.bridge === bridge),
    );
    if (shared && !shared.icc && host.bridgedFiltered === true)
      return walk.stop(
        'policy',
        `refused by rule: containers on ${shared.network} do not reach each other (com.docker.network.bridge.enable_icc=false), and br_netfilter holds their published ports to it`,
      );
    return throughPort(walk, { ...question, to: peer.name }, { ...peer, published: open }, host);
  }
  return ownProgram(walk, question, here, host, to);
}

/** Nobody has published it: a program of the host may listen there. */
function ownProgram(walk: Walk, question: Question, here: Here, { rules, uplink }: HostFacts, to: string): Explanation {
  const { origin, port, protocol } = question;
  const { address, listeners } = here;
  const fits = (own: string): boolean =>
    (isAny(own) || address === undefined || own === address) && !(isAway(origin) && isLoopback(own));
  const found = listeners.filter((one) => one.port === port && one.protocol === protocol && fits(one.address));
  const [first] = found;
  if (!first)
    return walk.stop(
      'port',
      `no container publishes port ${port} of this host${address === undefined ? '' : ` at ${address}`}, and nothing on it listens there`,
    );
  walk.go('name', `${to} is this host`);
  if (isAway(origin)) {
    const link = origin.kind === 'container' ? origin.peer.places[0]?.bridge : uplink;
    const input = verdictAt(rules, 'input', {
      family: address?.includes(':') === true ? 6 : 4,
      protocol,
      port,
      ...(link === undefined ? {} : { from: link }),
    });
    if (!input.accepted && input.except.length === 0) return walk.stop('policy', `refused by rule: ${input.by ?? ''}`);
    walk.go('policy', 'no rule of the host stands in the way');
  }
  const machine: Peer = {
    id: '',
    name: 'a program of this host',
    phase: 'running',
    exitCode: 0,
    onHost: true,
    alone: false,
    places: [],
    published: [],
    // which of the host's addresses it is does not matter any more
    listeners: [
      {
        ...first,
        address: isLoopback(first.address) ? first.address : isAny(first.address) ? first.address : '0.0.0.0',
      },
    ],
  };
  return listening(walk, question, machine, undefined, port);
}

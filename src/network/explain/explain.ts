// Why one end reaches the other or does not: walks name, route, policy, port and listener, and stops where the packet stops. Pure.
import type { Explanation } from '../../spec/berth/index.ts';
import type { HostFacts, Peer, Place, Question } from './facts.ts';
import { toHost } from './to-host.ts';
import { listening, list, notRunning, throughPort, Walk } from './walk.ts';
import { outwards } from './outwards.ts';

export function explain(question: Question, host: HostFacts): Explanation {
  const walk = new Walk();
  const { origin, target, to, port } = question;
  const from = origin.kind === 'container' ? origin.peer : undefined;
  const problem = from && notRunning(from);
  if (problem !== undefined) return walk.stop('from', problem);
  const { elsewhere } = question;
  if (!target && elsewhere)
    return elsewhere.kind === 'host'
      ? toHost(walk, question, elsewhere, host)
      : outwards(walk, question, elsewhere, host);
  if (!target)
    return walk.stop(
      'name',
      `there is no container that is called ${to}`,
      'berth ps -a lists what containers there are',
    );
  const dead = notRunning(target);
  if (dead !== undefined) return walk.stop('name', dead, `berth start ${target.name}`);
  if (target.alone) return walk.stop('route', `${target.name} has no network (--network none)`);
  if (target.onHost) {
    walk.go('name', `${target.name} is on the host's own network`);
    return listening(walk, question, target, undefined, port);
  }
  if (!from || from.onHost) return fromOutside(walk, question, target, host);
  if (from.alone) return walk.stop('route', `${from.name} has no network (--network none)`);
  if (from.id === target.id) return listening(walk, question, target, 'itself', port);
  return acrossNetwork(walk, question, from, target, host);
}

function acrossNetwork(walk: Walk, question: Question, from: Peer, target: Peer, host: HostFacts): Explanation {
  const { protocol, port } = question;
  const shared = target.places.filter(({ network }) => from.places.some((one) => one.network === network));
  const [place] = shared;
  if (!place) {
    const open = target.published.find((one) => one.port === port && one.protocol === protocol);
    return walk.stop(
      'route',
      `no network in common: ${from.name} is on ${list(from.places.map(({ network }) => network))}, ${target.name} on ${list(target.places.map(({ network }) => network))}`,
      open
        ? `the port is published: from ${from.name} it is the host's address and port ${open.hostPort}`
        : `berth network connect ${target.places[0]?.network ?? 'NETWORK'} ${from.name}`,
    );
  }
  walk.go('name', `${question.to} is ${list(place.addresses)} on ${place.network}`);
  walk.go('route', `both are on ${place.network}`);
  if (place.wire) return acrossWire(walk, question, target, place, place.wire);
  if (!place.icc)
    return walk.stop(
      'policy',
      `refused by rule: containers on ${place.network} do not reach each other (com.docker.network.bridge.enable_icc=false)`,
      target.published.length > 0 && host.bridgedFiltered !== true
        ? 'published ports are open to them by the address of the host'
        : undefined,
    );
  walk.go('policy', `containers on ${place.network} reach each other`);
  return listening(walk, question, target, place, port);
}

/** Containers of one macvlan network: the mode says whether the parent link leads from one to the other. */
function acrossWire(
  walk: Walk,
  question: Question,
  target: Peer,
  place: Place,
  { parent, mode }: NonNullable<Place['wire']>,
): Explanation {
  if (mode === 'private')
    return walk.stop('policy', `containers on ${place.network} do not reach each other (macvlan_mode=private)`);
  walk.go(
    'policy',
    mode === 'vepa'
      ? `the switch that ${parent} is on has to send packets back (macvlan_mode=vepa)`
      : `containers on ${place.network} reach each other`,
  );
  return listening(walk, question, target, place, question.port);
}

/** From this machine or another: by a port of the host, or at the container's own address where that is on the wire. */
function fromOutside(walk: Walk, question: Question, target: Peer, host: HostFacts): Explanation {
  const { port, protocol, origin } = question;
  const place = target.places.find(({ wire }) => wire !== undefined);
  const isPublished = target.published.some((one) => one.protocol === protocol && one.hostPort === port);
  if (!place?.wire || isPublished) return throughPort(walk, question, target, host);
  walk.go('name', `${question.to} is ${list(place.addresses)} on ${place.network}`);
  if (origin.kind !== 'outside')
    return walk.stop(
      'route',
      `${place.network} is a macvlan network: the kernel lets nothing pass between ${place.wire.parent} and the containers over it`,
      'another machine, or a container on the same network, reaches it',
    );
  walk.go(
    'route',
    `it is on the wire of ${place.wire.parent} with an address of its own; no port is published for that`,
  );
  return listening(walk, question, target, place, port);
}

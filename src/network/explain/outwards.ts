// From a container to an address that is nobody's here: whether it has a way out, and over what. Pure.
import type { Explanation } from '../../spec/berth/index.ts';
import type { Elsewhere, HostFacts, Question } from './facts.ts';
import { verdictAt } from '../firewall/ruleset.ts';
import { list, type Walk } from './walk.ts';

type Away = Extract<Elsewhere, { kind: 'address' }>;

export function outwards(walk: Walk, question: Question, away: Away, { rules, uplink }: HostFacts): Explanation {
  const { origin, to, port, protocol } = question;
  const { family, near, way } = away;
  if (origin.kind !== 'container' || origin.peer.onHost)
    return walk.stop('name', `${to} is no address of a container, nor of this host`);
  const from = origin.peer;
  if (from.alone) return walk.stop('route', `${from.name} has no network (--network none)`);
  if (near?.wire) {
    walk.go('route', `${to} is on the wire of ${near.wire.parent}, on ${near.network}`);
    return walk.arrive(`yes: ${from.name} is on one wire with ${to}; whether that answers is not seen from here`);
  }
  if (near) return walk.stop('name', `no container has the address ${to}, which is of the network ${near.network}`);
  if (!way) {
    const internal = from.places.filter((place) => place.internal).map(({ network }) => network);
    return walk.stop(
      'route',
      internal.length > 0 && internal.length === from.places.length
        ? `${from.name} has no way out: ${list(internal)} is internal`
        : `${from.name} has no way out over IPv${family}`,
    );
  }
  const { place, gateway } = way;
  walk.go('route', `out of ${from.name} over ${place.network} by ${gateway}`);
  if (place.wire)
    return walk.arrive(
      `yes: ${from.name}'s way to ${to} is ${gateway} on the wire of ${place.wire.parent}; whether it answers is not seen from here`,
    );
  const forward = verdictAt(rules, 'forward', {
    family,
    protocol,
    port,
    from: place.bridge,
    ...(uplink === undefined ? {} : { to: uplink }),
  });
  if (!forward.accepted && forward.except.length === 0)
    return walk.stop('policy', `refused by rule: ${forward.by ?? ''}`);
  walk.go('policy', 'no rule of the host stands in the way');
  return walk.arrive(
    `yes: ${from.name} gets out to ${to} over ${place.network}, ${gateway} and this host${uplink === undefined ? '' : ` (${uplink})`}; whether it answers is not seen from here`,
  );
}

// Why one end reaches the other or does not: walks name, route, policy, port and listener, and stops where the packet stops. Pure.
import type { Explanation, ExplainStep } from '../../spec/berth/index.ts';
import type { HostFacts, Party, Place, Question } from './facts.ts';
import { type Verdict, verdictAt } from './ruleset.ts';
import { isAny, isLoopback } from './sockets.ts';

export function explain(question: Question, host: HostFacts): Explanation {
  const walk = new Walk();
  const { origin, target, to, port, protocol } = question;
  const from = origin.kind === 'container' ? origin.party : undefined;
  const problem = from && notRunning(from);
  if (problem !== undefined) return walk.stop('from', problem);
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

class Walk {
  readonly #steps: ExplainStep[] = [];

  go(step: ExplainStep['step'], text: string): void {
    this.#steps.push({ step, ok: true, text });
  }

  stop(step: ExplainStep['step'], reason: string, hint?: string): Explanation {
    this.#steps.push({ step, ok: false, text: reason });
    return { reachable: false, reason, ...(hint === undefined ? {} : { hint }), steps: this.#steps };
  }

  arrive(reason: string): Explanation {
    return { reachable: true, reason, steps: this.#steps };
  }
}

function notRunning({ name, phase, exitCode }: Party): string | undefined {
  if (phase === 'running') return undefined;
  if (phase === 'exited' || phase === 'dead') return `${name} is not running: it ended with code ${exitCode}`;
  return `${name} is ${phase}`;
}

const list = (words: readonly string[]): string => words.join(', ');

function acrossNetwork(walk: Walk, question: Question, from: Party, target: Party, host: HostFacts): Explanation {
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
  target: Party,
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
function fromOutside(walk: Walk, question: Question, target: Party, host: HostFacts): Explanation {
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

/** By a port of the host. */
function throughPort(walk: Walk, question: Question, target: Party, host: HostFacts): Explanation {
  const { port, protocol, origin } = question;
  const candidates = target.published.filter((one) => one.protocol === protocol);
  const open = candidates.filter(({ hostPort }) => hostPort === port);
  if (open.length === 0) return notPublished(walk, question, target);
  const outside = origin.kind === 'outside';
  const usable = outside ? open.filter(({ shownAddress }) => !isLoopback(shownAddress)) : open;
  const [chosen] = usable;
  if (!chosen)
    return walk.stop(
      'port',
      `published on ${list(open.map(({ shownAddress }) => shownAddress))} only, which other machines do not reach`,
      `publish it without an address: -p ${port}:${open[0]?.port ?? port}`,
    );
  walk.go('port', `port ${port} of ${where(chosen.shownAddress)} leads to port ${chosen.port} of ${target.name}`);
  const place = target.places.find(({ addresses }) => addresses.includes(chosen.address)) ?? target.places[0];
  if (outside && place) {
    const refusal = refusedFromOutside(chosen, place, host, port);
    if (refusal !== undefined) return walk.stop('policy', refusal);
    walk.go('policy', 'no rule of the host stands in the way');
  }
  return listening(walk, question, target, place, chosen.port);
}

const where = (address: string): string => (isAny(address) ? 'every address of the host' : address);

function notPublished(walk: Walk, { port, protocol, to }: Question, target: Party): Explanation {
  const inside = target.published.find((one) => one.port === port && one.protocol === protocol);
  if (inside)
    return walk.stop(
      'port',
      `${to}'s port ${port} is published on ${inside.hostPort}, not ${port}`,
      `use port ${inside.hostPort} of the host`,
    );
  const other = target.published.find((one) => one.protocol !== protocol && one.hostPort === port);
  if (other) return walk.stop('port', `port ${port} is published for ${other.protocol}, not ${protocol}`);
  const all = target.published.map((one) => `${one.hostPort} -> ${one.port}/${one.protocol}`);
  return walk.stop(
    'port',
    all.length === 0
      ? `${target.name} publishes no port`
      : `${target.name} does not publish port ${port}; it has ${list([...new Set(all)])}`,
    `run it with -p ${port}:PORT`,
  );
}

function refusedFromOutside(
  { family, protocol, port, shownAddress }: Party['published'][number],
  { bridge, internal, network }: Place,
  { rules, uplink, respectsFirewall }: HostFacts,
  hostPort: number,
): string | undefined {
  if (internal) return `refused by rule: ${network} is internal`;
  const from = uplink === undefined ? {} : { from: uplink };
  const words = ({ by = '' }: Verdict): string => `refused by rule: ${by}`;
  if (respectsFirewall) {
    const input = verdictAt(rules, 'input', { family, protocol, port: hostPort, ...from });
    if (!input.accepted && input.except.length === 0) return words(input);
  }
  const forward = verdictAt(rules, 'forward', { family, protocol, port, to: bridge, ...from });
  if (!forward.accepted && forward.except.length === 0) return `${words(forward)} (${where(shownAddress)})`;
  return undefined;
}

/** `place` is where it must listen: a network, `itself`, or anywhere for a container on the host's network. */
function listening(
  walk: Walk,
  { protocol, origin }: Question,
  target: Party,
  place: Place | 'itself' | undefined,
  port: number,
): Explanation {
  const own = target.listeners.filter((one) => one.protocol === protocol);
  const here = own.filter((one) => one.port === port);
  if (here.length === 0) {
    const others = [...new Set(own.map((one) => one.port))].toSorted((a, b) => a - b);
    return walk.stop(
      'listener',
      others.length === 0
        ? `nothing in ${target.name} listens on ${protocol} port ${port}`
        : `nothing in ${target.name} listens on port ${port}; it listens on ${list(others.map(String))}`,
    );
  }
  const wide = here.find(({ address }) => isAny(address));
  const fits = here.find(({ address }) =>
    place === 'itself'
      ? isLoopback(address)
      : place === undefined
        ? !isLoopback(address)
        : place.addresses.includes(address),
  );
  const nearby = origin.kind !== 'outside' && place === undefined;
  const found = wide ?? fits ?? (nearby ? here[0] : undefined);
  if (!found) {
    const addresses = [...new Set(here.map(({ address }) => address))];
    return walk.stop(
      'listener',
      `${target.name} listens only on ${list(addresses)}`,
      addresses.every(isLoopback) ? `let the program in ${target.name} listen on 0.0.0.0` : undefined,
    );
  }
  walk.go('listener', `${target.name} listens on ${found.address}:${port}`);
  return walk.arrive(`yes: ${target.name} answers on ${protocol} port ${port}`);
}

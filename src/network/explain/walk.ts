// The end of every walk: the steps so far, a port of the host, and who listens. Pure.
import type { Explanation, ExplainStep } from '../../spec/berth/index.ts';
import type { HostFacts, Peer, Place, Question } from './facts.ts';
import { passage } from './passage.ts';
import { type Verdict, verdictAt } from '../firewall/ruleset.ts';
import { isAny, isLoopback } from './sockets.ts';

/** The steps that were taken so far. */
export class Walk {
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

export function notRunning({ name, phase, exitCode }: Peer): string | undefined {
  if (phase === 'running') return undefined;
  if (phase === 'exited' || phase === 'dead') return `${name} is not running: it ended with code ${exitCode}`;
  return `${name} is ${phase}`;
}

export const list = (words: readonly string[]): string => words.join(', ');

/** By a port of the host. */
export function throughPort(walk: Walk, question: Question, target: Peer, host: HostFacts): Explanation {
  const { port, protocol, origin } = question;
  const candidates = target.published.filter((one) => one.protocol === protocol);
  const open = candidates.filter(({ hostPort }) => hostPort === port);
  if (open.length === 0) return notPublished(walk, question, target);
  const outside = origin.kind === 'outside';
  const usable = isAway(origin) ? open.filter(({ shownAddress }) => !isLoopback(shownAddress)) : open;
  const [chosen] = usable;
  if (!chosen)
    return walk.stop(
      'port',
      `published on ${list(open.map(({ shownAddress }) => shownAddress))} only, which ${outside ? 'other machines do' : 'a container does'} not reach`,
      `publish it without an address: -p ${port}:${open[0]?.port ?? port}`,
    );
  walk.go('port', `port ${port} of ${where(chosen.shownAddress)} leads to port ${chosen.port} of ${target.name}`);
  const place = target.places.find(({ addresses }) => addresses.includes(chosen.address)) ?? target.places[0];
  if (isAway(origin) && place) {
    const from = origin.kind === 'container' ? origin.peer.places[0]?.bridge : host.uplink;
    const refusal = refusedOnTheWay(chosen, place, host, from);
    if (refusal !== undefined) return walk.stop('policy', refusal);
    walk.go('policy', 'no rule of the host stands in the way');
  }
  return listening(walk, question, target, place, chosen.port);
}

/** Not a program in this host's own network. */
export function isAway(origin: Question['origin']): boolean {
  return origin.kind === 'outside' || (origin.kind === 'container' && !origin.peer.onHost);
}

const where = (address: string): string => (isAny(address) ? 'every address of the host' : address);

function notPublished(walk: Walk, { port, protocol, to }: Question, target: Peer): Explanation {
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

function refusedOnTheWay(
  one: Peer['published'][number],
  { bridge, internal, network }: Place,
  { rules, respectsFirewall }: HostFacts,
  from: string | undefined,
): string | undefined {
  if (internal) return `refused by rule: ${network} is internal`;
  const { family, protocol, hostPort } = one;
  const refuses = ({ accepted, except }: Verdict): boolean => !accepted && except.length === 0;
  const words = ({ by = '' }: Verdict): string => `refused by rule: ${by}`;
  if (respectsFirewall) {
    const packet = { family, protocol, port: hostPort, ...(from === undefined ? {} : { from }) };
    const input = verdictAt(rules, 'input', packet);
    if (refuses(input)) return words(input);
  }
  const verdict = passage(rules, one, { from, to: bridge });
  return refuses(verdict) ? `${words(verdict)} (${where(one.shownAddress)})` : undefined;
}

/** `place` is where it must listen: a network, `itself`, or anywhere for a container on the host's network. */
export function listening(
  walk: Walk,
  { protocol, origin }: Question,
  target: Peer,
  place: Place | 'itself' | undefined,
  port: number,
): Explanation {
  const own = target.listeners.filter((one) => one.protocol === protocol);
  const here = own.filter((one) => one.port === port);
  if (here.length === 0) {
    const hosts = target.published.find((one) => one.protocol === protocol && one.hostPort === port);
    if (hosts)
      return walk.stop(
        'listener',
        `${target.name}'s port ${hosts.port} is published on port ${port} of the host; inside it is ${hosts.port}, not ${port}`,
        `use ${target.name}:${hosts.port}`,
      );
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

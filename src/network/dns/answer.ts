// What a name means to one container: pure over the query, the zone of who is on its networks, and whose turn it is.
import { type Address, addressBytes, type Block, contains, parseAddress } from '../../base/address.ts';
import { type Answer, encodeName, encodeService, type Query, TYPE } from './wire.ts';

export interface ZoneMember {
  /** Lower case or not; compared without regard to it. The first is what its addresses are called. */
  readonly names: readonly string[];
  readonly addresses: readonly Address[];
  /** Ports with names: `_http._tcp` before each of the names leads to these. */
  readonly ports?: readonly {
    readonly label: string;
    readonly targets: readonly { readonly name: string; readonly port: number }[];
  }[];
}

export interface ZoneNetwork {
  readonly name: string;
  /** Seconds for which its names hold; what is usual where it says nothing. */
  readonly ttl?: number;
  readonly members: readonly ZoneMember[];
}

export interface ZoneSpec {
  /** In this order they are asked: the first one that has an address of the wanted type for a name answers alone. */
  readonly networks: readonly ZoneNetwork[];
  /** The networks' own blocks: who has an address in them is known here and nowhere else. */
  readonly blocks: readonly Block[];
  /** Whether the world may be asked; for a container on internal networks alone it may not. */
  readonly outside: boolean;
  /** A name without a dot is never asked outside: the user said `ndots`, and the container's own resolver completes it. */
  readonly bareStaysInside: boolean;
}

interface Entry {
  readonly four: readonly Answer[];
  readonly six: readonly Answer[];
}

type Ttl = Pick<Answer, 'ttl'>;

/** A zone made ready for many questions. */
export interface Zone {
  readonly names: ReadonlyMap<string, Entry>;
  /** By the whole name, as `_http._tcp.web`. */
  readonly ports: ReadonlyMap<string, readonly Answer[]>;
  /** By the text of the reverse name's own bytes. */
  readonly owners: ReadonlyMap<string, Answer>;
  readonly request: ZoneSpec;
}

export function zoneOf(spec: ZoneSpec): Zone {
  const names = new Map<string, Entry>();
  const owners = new Map<string, Answer>();
  const ports = new Map<string, readonly Answer[]>();
  for (const network of spec.networks) {
    const ttl = network.ttl === undefined ? {} : { ttl: network.ttl };
    for (const [name, addresses] of addressesByName(network)) {
      const earlier = names.get(name);
      const one = { four: records(addresses, 4, ttl), six: records(addresses, 6, ttl) };
      names.set(name, {
        four: earlier?.four.length ? earlier.four : one.four,
        six: earlier?.six.length ? earlier.six : one.six,
      });
    }
    for (const { names: own, addresses } of network.members)
      for (const address of addresses)
        if (!owners.has(keyOf(address)))
          owners.set(keyOf(address), { type: TYPE.PTR, data: encodeName(`${own[0] ?? ''}.${network.name}`), ...ttl });
  }
  for (const network of spec.networks)
    for (const [name, answers] of portsByName(network)) if (!ports.has(name)) ports.set(name, answers);
  return { names, ports, owners, request: spec };
}

/** With and without the network behind it; what they lead to has the network's name, so that it is found by whoever is on several. */
function portsByName({ name: network, members, ttl }: ZoneNetwork): [string, readonly Answer[]][] {
  return members.flatMap(({ names, ports = [] }) =>
    ports.flatMap(({ label, targets }) => {
      const answers = targets.map(({ name, port }) => ({
        type: TYPE.SRV,
        data: encodeService(port, `${name}.${network}`),
        ...(ttl === undefined ? {} : { ttl }),
      }));
      return names.flatMap((name): [string, readonly Answer[]][] => {
        const own = `${label}.${name}`.toLowerCase();
        return [
          [own, answers],
          [`${own}.${network.toLowerCase()}`, answers],
        ];
      });
    }),
  );
}

/** Who is meant by each name on one network, with and without the network behind it. */
function addressesByName({ name: network, members }: ZoneNetwork): Map<string, Map<string, Address>> {
  const found = new Map<string, Map<string, Address>>();
  for (const { names, addresses } of members)
    for (const name of names) {
      const own = name.toLowerCase();
      for (const one of [own, `${own}.${network.toLowerCase()}`]) {
        const list = found.get(one) ?? new Map<string, Address>();
        for (const address of addresses) list.set(keyOf(address), address);
        found.set(one, list);
      }
    }
  return found;
}

function records(addresses: ReadonlyMap<string, Address>, family: 4 | 6, ttl: Ttl): Answer[] {
  return [...addresses.values()]
    .filter((address) => address.family === family)
    .map((address) => ({ type: family === 4 ? TYPE.A : TYPE.AAAA, data: addressBytes(address), ...ttl }));
}

const keyOf = ({ family, value }: Address): string => `${family} ${value}`;

export type Reply =
  | { readonly kind: 'answers'; readonly answers: readonly Answer[] }
  /** Not ours: the host's resolvers know. */
  | { readonly kind: 'forward' }
  /** Nobody has the name. */
  | { readonly kind: 'unknown' }
  /** Somebody outside may have it, who must not be asked. */
  | { readonly kind: 'unreachable' };

const FORWARD: Reply = { kind: 'forward' };
const UNKNOWN: Reply = { kind: 'unknown' };
const UNREACHABLE: Reply = { kind: 'unreachable' };
const NOTHING: Reply = { kind: 'answers', answers: [] };

/** `turn` rotates the order of several addresses, so that clients which take the first spread over all. */
export function reply({ name, type }: Query, zone: Zone, turn: number): Reply {
  const elsewhere = zone.request.outside ? FORWARD : UNREACHABLE;
  if (type === TYPE.PTR) {
    const address = reverseAddress(name);
    if (!address) return elsewhere;
    const owner = zone.owners.get(keyOf(address));
    if (owner) return { kind: 'answers', answers: [owner] };
    return zone.request.blocks.some((block) => contains(block, address)) ? UNKNOWN : elsewhere;
  }
  const ports = zone.ports.get(name);
  if (ports) return { kind: 'answers', answers: type === TYPE.SRV ? turned(ports, turn) : [] };
  const entry = zone.names.get(name);
  if (!entry) {
    const bare = zone.request.bareStaysInside && (type === TYPE.A || type === TYPE.AAAA) && !name.includes('.');
    return bare ? NOTHING : elsewhere;
  }
  const found = type === TYPE.A ? entry.four : type === TYPE.AAAA ? entry.six : [];
  return { kind: 'answers', answers: turned(found, turn) };
}

function turned(found: readonly Answer[], turn: number): readonly Answer[] {
  const first = found.length < 2 ? 0 : turn % found.length;
  return first === 0 ? found : [...found.slice(first), ...found.slice(0, first)];
}

/** `2.0.18.172.in-addr.arpa`, or 32 hex digits below ip6.arpa. */
function reverseAddress(name: string): Address | undefined {
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name);
  if (four) return parseAddress(four.slice(1).reverse().join('.'));
  const six = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name);
  return six
    ? { family: 6, value: BigInt(`0x${(six[1] ?? '').replaceAll('.', '').split('').reverse().join('')}`) }
    : undefined;
}

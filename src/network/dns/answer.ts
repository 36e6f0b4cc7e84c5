// What a name means to one container: pure over the query and who is on its networks.
import { type Address, addressBytes, parseAddress } from '../address.ts';
import { type Answer, encodeName, type Query, TYPE } from './wire.ts';

export interface ZoneMember {
  /** Lower case or not; compared without regard to it. */
  readonly names: readonly string[];
  readonly network: string;
  readonly addresses: readonly Address[];
}

export interface Zone {
  readonly members: readonly ZoneMember[];
  /** Whether the container may ask the world; one on internal networks alone may not. */
  readonly outside: boolean;
}

export type Reply =
  | { readonly kind: 'answers'; readonly answers: readonly Answer[] }
  /** Not ours: the host's resolvers know. */
  | { readonly kind: 'forward' }
  | { readonly kind: 'unknown' };

/** `turn` rotates the order of several addresses, so that clients which take the first spread over all. */
export function reply(query: Query, zone: Zone, turn: number): Reply {
  const elsewhere: Reply = zone.outside ? { kind: 'forward' } : { kind: 'unknown' };
  if (query.type === TYPE.PTR) {
    const address = reverseAddress(query.name);
    const owner = address && zone.members.find((member) => member.addresses.some((one) => same(one, address)));
    if (!owner) return elsewhere;
    const [name = ''] = owner.names;
    return { kind: 'answers', answers: [{ type: TYPE.PTR, data: encodeName(`${name}.${owner.network}`) }] };
  }
  const named = zone.members.filter((member) => isCalled(member, query.name));
  if (named.length === 0) return elsewhere;
  const family = query.type === TYPE.A ? 4 : query.type === TYPE.AAAA ? 6 : undefined;
  const found = [
    ...new Map(
      named
        .flatMap(({ addresses }) => addresses)
        .filter((address) => address.family === family)
        .map((address) => [address.value, address]),
    ).values(),
  ];
  const first = found.length === 0 ? 0 : turn % found.length;
  const answers = [...found.slice(first), ...found.slice(0, first)].map((address) => ({
    type: query.type,
    data: addressBytes(address),
  }));
  return { kind: 'answers', answers };
}

/** By any of its names, alone or with the network's behind. */
function isCalled({ names, network }: ZoneMember, wanted: string): boolean {
  return names.some((name) => {
    const own = name.toLowerCase();
    return own === wanted || `${own}.${network.toLowerCase()}` === wanted;
  });
}

function same(a: Address, b: Address): boolean {
  return a.family === b.family && a.value === b.value;
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

// Elements of nftables sets: made of names, addresses and ports, written as nft writes them, and compared. Pure.
import type { SetElement, Value } from '../../host/netlink/index.ts';
import { addressBytes, firstOf, lastOf, parseAddress, parseBlock } from '../../base/address.ts';

const IFNAME_LENGTH = 16;
const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const;

export function link(name: string): Value {
  const bytes = Buffer.alloc(IFNAME_LENGTH);
  bytes.write(name, 0, IFNAME_LENGTH - 1);
  return { text: `"${name}"`, bytes };
}

export function addressValue(text: string): Value {
  const address = parseAddress(text);
  return { text, bytes: address ? addressBytes(address) : Buffer.alloc(0) };
}

/** Every address of a block. */
export function blockValue(text: string): Value {
  const block = parseBlock(text);
  if (!block) return { text, bytes: Buffer.alloc(0) };
  const { family } = block;
  return {
    text,
    bytes: addressBytes({ family, value: firstOf(block) }),
    last: addressBytes({ family, value: lastOf(block) }),
  };
}

export function protocolValue(name: keyof typeof PROTOCOLS): Value {
  return { text: name, bytes: Buffer.of(PROTOCOLS[name]) };
}

export function portValue(port: number): Value {
  return { text: String(port), bytes: Buffer.of(port >> 8, port & 0xff) };
}

/** As it stands in a set's list: `"br-a" . 10.0.0.0/24`, `tcp . 80 : 10.0.0.2 . 80`, `"br-a" : drop`. */
export function entryText({ key, to }: SetElement): string {
  const joined = (values: readonly Value[]): string => values.map(({ text }) => text).join(' . ');
  if (to === undefined) return joined(key);
  const target = !('verdict' in to) ? joined(to) : to.verdict === 'jump' ? `jump ${to.chain}` : to.verdict;
  return `${joined(key)} : ${target}`;
}

export function elementText(element: SetElement): string {
  return `${element.set} ${entryText(element)}`;
}

/** What makes the one list the other. */
export function changesOf(
  before: readonly SetElement[],
  now: readonly SetElement[],
): { readonly remove: SetElement[]; readonly add: SetElement[] } {
  const [had, has] = [before, now].map((list) => new Set(list.map(elementText)));
  return {
    remove: before.filter((one) => !has?.has(elementText(one))),
    add: now.filter((one) => !had?.has(elementText(one))),
  };
}

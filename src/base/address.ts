// IP addresses and blocks as numbers: read, written, compared. Pure.
import { isIPv4, isIPv6 } from 'node:net';

export type Family = 4 | 6;

export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** An address of this machine that no other reaches, or its name; the IPv4 in an IPv6 form counts as the IPv4. */
export function isLoopback(host: string): boolean {
  const plain = host.replace(/^::ffff:(?=[\d.]+$)/i, '');
  return host === 'localhost' || host === '::1' || (isIPv4(plain) && plain.startsWith('127.'));
}

/** A CIDR block; `base` may have bits beyond the prefix until it is masked. */
export interface Block extends Address {
  readonly bits: number;
}

export const width = (family: Family): number => (family === 4 ? 32 : 128);

/** undefined when the text is no address. Zones and mapped forms are not taken. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: 4, value: text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n) };
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return { family: 6, value: parseV6(text) };
}

function parseV6(text: string): bigint {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const plain = dotted ? `${dotted[1]}${mapped(dotted[2] ?? '')}` : text;
  const [head = '', tail] = plain.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const middle = tail === undefined ? [] : Array.from({ length: 8 - front.length - back.length }, () => '0');
  return [...front, ...middle, ...back].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function mapped(dotted: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number);
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

/** `10.0.0.0/24`; undefined when the text is no block. */
export function parseBlock(text: string): Block | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = parseAddress(match?.[1] ?? '');
  const bits = Number(match?.[2]);
  if (!address || !match || bits > width(address.family) || String(bits) !== match[2]) return undefined;
  return { ...address, bits };
}

const hostMask = (block: Block): bigint => (1n << BigInt(width(block.family) - block.bits)) - 1n;

export function masked(block: Block): Block {
  return { ...block, value: block.value & ~hostMask(block) };
}

export function firstOf(block: Block): bigint {
  return block.value & ~hostMask(block);
}

export function lastOf(block: Block): bigint {
  return block.value | hostMask(block);
}

export function contains(block: Block, address: Address): boolean {
  return block.family === address.family && address.value >= firstOf(block) && address.value <= lastOf(block);
}

export function overlaps(a: Block, b: Block): boolean {
  return a.family === b.family && firstOf(a) <= lastOf(b) && firstOf(b) <= lastOf(a);
}

export function sameBlock(a: Block, b: Block): boolean {
  return a.family === b.family && a.value === b.value && a.bits === b.bits;
}

/** Go's form: dotted, or the shortest of RFC 5952. */
export function addressText({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => (value >> BigInt(112 - 16 * index)) & 0xffffn);
  let best = { at: -1, length: 1 };
  for (let at = 0; at < 8; at += 1) {
    let length = 0;
    while (at + length < 8 && groups[at + length] === 0n) length += 1;
    if (length > best.length) best = { at, length };
  }
  const join = (part: readonly bigint[]): string => part.map((group) => group.toString(16)).join(':');
  if (best.at < 0) return join(groups);
  return `${join(groups.slice(0, best.at))}::${join(groups.slice(best.at + best.length))}`;
}

export function blockText(block: Block): string {
  return `${addressText(block)}/${block.bits}`;
}

/** In network order: 4 or 16 bytes. */
export function addressBytes({ family, value }: Address): Buffer {
  return Buffer.from(value.toString(16).padStart(family === 4 ? 8 : 32, '0'), 'hex');
}

/** undefined for anything but 4 or 16 bytes. */
export function addressFrom(bytes: Uint8Array): Address | undefined {
  if (bytes.length !== 4 && bytes.length !== 16) return undefined;
  return { family: bytes.length === 4 ? 4 : 6, value: BigInt(`0x${Buffer.from(bytes).toString('hex')}`) };
}

// Published ports: which host port each wish gets, who holds which, and what of it the firewall and inspect see.
import { closeSync } from 'node:fs';
import { internal, invalid, isErrno } from '../base/errors.ts';
import { holdPort } from '../host/port.ts';
import type { PortBinding } from '../spec/docker/index.ts';
import { addressBytes, type Family, parseAddress } from './address.ts';
import type { PublishRule } from './firewall.ts';

export type Protocol = 'tcp' | 'udp' | 'sctp';

/** The range from which dockerd takes ports that nobody named. */
const DYNAMIC = { low: 32_768, high: 60_999 };

export interface PortWish {
  readonly port: number;
  readonly protocol: Protocol;
  readonly hostAddress: string;
  readonly family: Family;
  /** Candidates, in order: one, a range, or every dynamic port from a random start. */
  readonly low: number;
  readonly high: number;
  readonly dynamic: boolean;
}

export interface PortWishes {
  readonly exposed: readonly string[];
  readonly bindings: Readonly<Record<string, readonly PortBinding[] | null>>;
  readonly publishAll: boolean;
  /** Families that the endpoint has an address of. */
  readonly families: readonly Family[];
  /** Where ports without an address are published; `0.0.0.0` and `::` when not said. */
  readonly hostBinding: string | undefined;
}

/** Pure: every binding that is wanted, in the order of the container's ports. Throws invalid for what is no port. */
export function wishesOf(input: PortWishes): PortWish[] {
  const all = new Map<string, readonly PortBinding[]>();
  if (input.publishAll) for (const port of input.exposed) all.set(withProtocol(port), [{ HostIp: '', HostPort: '' }]);
  for (const [port, bindings] of Object.entries(input.bindings)) {
    const wanted = (bindings ?? []).filter((one) => one !== null);
    if (wanted.length > 0 || !all.has(withProtocol(port))) all.set(withProtocol(port), wanted);
  }
  return [...all]
    .flatMap(([port, bindings]) => bindings.flatMap((binding) => expand(port, binding, input)))
    .toSorted((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : a.protocol > b.protocol ? 1 : 0));
}

export function withProtocol(port: string): string {
  return port.includes('/') ? port : `${port}/tcp`;
}

function expand(port: string, { HostIp, HostPort }: PortBinding, { families, hostBinding }: PortWishes): PortWish[] {
  const [number = '', protocol = 'tcp'] = port.split('/');
  const [first = '', last = first] = HostPort.split('-');
  const [low, high] = [Number(first), Number(last)];
  const dynamic = HostPort === '' || low === 0;
  if (!dynamic && !(Number.isInteger(low) && Number.isInteger(high) && low <= high && high <= 65_535))
    throw invalid(`invalid port specification: "${HostPort}"`);
  const addresses = HostIp === '' ? (hostBinding === undefined ? ['0.0.0.0', '::'] : [hostBinding]) : [HostIp];
  return addresses.flatMap((hostAddress) => {
    const address = parseAddress(hostAddress);
    if (!address) throw invalid(`invalid IP address: ${hostAddress}`);
    if (!families.includes(address.family)) return [];
    const base = { port: Number(number), protocol: protocol as Protocol, hostAddress, family: address.family };
    return [{ ...base, low: dynamic ? DYNAMIC.low : low, high: dynamic ? DYNAMIC.high : high, dynamic }];
  });
}

export interface Published extends PublishRule {
  readonly shownAddress: string;
}

interface Held extends Published {
  readonly fd: number | undefined;
}

const isAny = (address: string): boolean => address === '0.0.0.0' || address === '::';

export class PortBook {
  readonly #held = new Map<string, Held[]>();

  /** All of the wishes or none. `addresses` are the container's; throws internal in Docker's words. */
  claim(owner: string, wishes: readonly PortWish[], addresses: Readonly<Record<Family, string>>): Published[] {
    const got: Held[] = [];
    this.#held.set(owner, [...(this.#held.get(owner) ?? []), ...got]);
    const paired = new Map<string, number>();
    try {
      for (const wish of wishes) {
        // the IPv6 half of one wish gets the number of its IPv4 half
        const key = `${wish.port}/${wish.protocol} ${isAny(wish.hostAddress)} ${wish.low}-${wish.high}`;
        const partner = wish.family === 6 ? paired.get(key) : undefined;
        const one = this.#find(partner === undefined ? wish : { ...wish, low: partner, high: partner }, addresses, got);
        if (wish.family === 4) paired.set(key, one.hostPort);
        got.push(one);
      }
    } catch (error) {
      for (const { fd } of got) if (fd !== undefined) closeSync(fd);
      throw error;
    }
    this.#held.set(owner, [...(this.#held.get(owner) ?? []), ...got]);
    return got;
  }

  /** After a restart of the daemon: the ports that running containers have, whether or not they can be held again. */
  restore(owner: string, published: readonly Published[]): void {
    this.#held.set(
      owner,
      published.map((one) => ({ ...one, fd: this.#hold(one) })),
    );
  }

  release(owner: string): void {
    for (const { fd } of this.#held.get(owner) ?? []) if (fd !== undefined) closeSync(fd);
    this.#held.delete(owner);
  }

  all(): Published[] {
    return [...this.#held.values()].flat();
  }

  of(owner: string): readonly Published[] {
    return this.#held.get(owner) ?? [];
  }

  #hold(one: Published): number | undefined {
    const address = parseAddress(one.shownAddress);
    try {
      return address && holdPort(one.protocol, one.shownAddress, addressBytes(address), one.hostPort);
    } catch {
      return undefined;
    }
  }

  #find(wish: PortWish, addresses: Readonly<Record<Family, string>>, mine: readonly Held[]): Held {
    const span = wish.high - wish.low + 1;
    const start = wish.dynamic && span > 1 ? Math.floor(Math.random() * span) : 0;
    const address = parseAddress(wish.hostAddress);
    if (!address) throw invalid(`invalid IP address: ${wish.hostAddress}`);
    let failure: Error | undefined;
    for (let step = 0; step < span; step += 1) {
      const hostPort = wish.low + ((start + step) % span);
      if ([...this.all(), ...mine].some((one) => clashes(one, wish, hostPort))) {
        failure = internal(`Bind for ${hostText(wish)}:${hostPort} failed: port is already allocated`);
        continue;
      }
      try {
        const fd = holdPort(wish.protocol, wish.hostAddress, addressBytes(address), hostPort);
        return {
          family: wish.family,
          protocol: wish.protocol,
          hostAddress: isAny(wish.hostAddress) ? undefined : wish.hostAddress,
          shownAddress: wish.hostAddress,
          hostPort,
          address: addresses[wish.family],
          port: wish.port,
          fd,
        };
      } catch (error) {
        const target = `${hostText(wish)}:${hostPort}:${addresses[wish.family]}:${wish.port}/${wish.protocol}`;
        failure = internal(`failed to bind host port for ${target}: ${bindWords(error)}`);
        if (!isErrno(error, 'EADDRINUSE')) break;
      }
    }
    throw failure ?? internal('no port is free');
  }
}

function hostText({ hostAddress, family }: PortWish): string {
  return family === 6 ? `[${hostAddress}]` : hostAddress;
}

function bindWords(error: unknown): string {
  if (isErrno(error, 'EADDRINUSE')) return 'address already in use';
  if (isErrno(error, 'EADDRNOTAVAIL')) return 'cannot assign requested address';
  if (isErrno(error, 'EACCES')) return 'permission denied';
  return String(error);
}

function clashes(held: Published, wish: PortWish, port: number): boolean {
  return (
    held.family === wish.family &&
    held.protocol === wish.protocol &&
    held.hostPort === port &&
    (isAny(held.shownAddress) || isAny(wish.hostAddress) || held.shownAddress === wish.hostAddress)
  );
}

/** As inspect shows them: exposed ones that are not published have null. */
export function portMap(
  exposed: readonly string[],
  published: readonly Published[],
): Record<string, PortBinding[] | null> {
  const shown: Record<string, PortBinding[] | null> = {};
  for (const one of published) {
    const bindings = (shown[`${one.port}/${one.protocol}`] ??= []);
    bindings.push({ HostIp: one.shownAddress, HostPort: String(one.hostPort) });
  }
  for (const port of exposed.map(withProtocol)) shown[port] ??= null;
  return shown;
}

/** The reverse of `portMap`, for a container that was taken back. */
export function publishedFrom(
  ports: Readonly<Record<string, readonly PortBinding[] | null>>,
  addresses: Readonly<Record<Family, string>>,
): Published[] {
  return Object.entries(ports).flatMap(([port, bindings]) => {
    const [number, protocol = 'tcp'] = port.split('/');
    return (bindings ?? []).flatMap(({ HostIp, HostPort }) => {
      const family = parseAddress(HostIp)?.family;
      if (family === undefined) return [];
      return [
        {
          family,
          protocol: protocol as Protocol,
          hostAddress: isAny(HostIp) ? undefined : HostIp,
          shownAddress: HostIp,
          hostPort: Number(HostPort),
          address: addresses[family],
          port: Number(number),
        },
      ];
    });
  });
}

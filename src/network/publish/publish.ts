// Published ports: which host port each wish gets, who holds which, and what of it the firewall and inspect see.
import { closeSync } from 'node:fs';
import { internal, invalid, isErrno } from '../../base/errors.ts';
import { duplicate, holdPort } from '../../host/port.ts';
import { parsePort, type PortBinding, portKey, type Protocol } from '../../spec/docker/index.ts';
import { addressBytes, type Family, parseAddress } from '../../base/address.ts';
import { isCopied, type PublishRule } from '../firewall/firewall.ts';
import { copyFrom } from './loopback.ts';

export type { Protocol };

/** The range from which dockerd takes ports that nobody named. */
const DYNAMIC = { low: 32_768, high: 60_999 };

export interface PortRequest {
  readonly port: number;
  readonly protocol: Protocol;
  readonly hostAddress: string;
  readonly family: Family;
  /** Family of the container's address: another one for an IPv6 address of the host that was named, and a container without IPv6. */
  readonly inside: Family;
  /** Candidates, in order: one, a range, or every dynamic port from a random start. */
  readonly low: number;
  readonly high: number;
  readonly dynamic: boolean;
}

export interface PublishRequest {
  readonly exposed: readonly string[];
  readonly bindings: Readonly<Record<string, readonly PortBinding[] | null>>;
  readonly publishAll: boolean;
  /** Families that the endpoint has an address of. */
  readonly families: readonly Family[];
  /** Families whose ports are open at the container's own address, and not on the host. */
  readonly routed?: readonly Family[];
  /** Where ports without an address are published; `0.0.0.0` and `::` when not said. */
  readonly hostBinding: string | undefined;
  /** Whether the host listens on IPv6: then a port without an address is published there for a container without IPv6 too. */
  readonly hostIPv6: boolean;
}

/** Pure: every binding that is wanted, in the order of the container's ports. Throws invalid for what is no port. */
export function wishesOf(input: PublishRequest): PortRequest[] {
  const all = new Map<string, readonly PortBinding[]>();
  if (input.publishAll) for (const port of input.exposed) all.set(port, [{ HostIp: '', HostPort: '' }]);
  for (const [port, bindings] of Object.entries(input.bindings)) {
    const wanted = (bindings ?? []).filter((one) => one !== null);
    if (wanted.length > 0 || !all.has(port)) all.set(port, wanted);
  }
  return [...all]
    .flatMap(([port, bindings]) => bindings.flatMap((binding) => expand(port, binding, input)))
    .toSorted((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : a.protocol > b.protocol ? 1 : 0));
}

function expand(
  port: string,
  { HostIp, HostPort }: PortBinding,
  { families, hostBinding, hostIPv6, routed = [] }: PublishRequest,
): PortRequest[] {
  const inner = parsePort(port);
  if (!inner) throw invalid(`invalid port specification: ${JSON.stringify(port)}`);
  const { protocol } = inner;
  const [first = '', last = first] = HostPort.split('-');
  const [low, high] = [Number(first), Number(last)];
  const dynamic = HostPort === '' || low === 0;
  if (!dynamic && !(Number.isInteger(low) && Number.isInteger(high) && low <= high && high <= 65_535))
    throw invalid(`invalid port specification: "${HostPort}"`);
  const addresses = HostIp === '' ? (hostBinding === undefined ? ['0.0.0.0', '::'] : [hostBinding]) : [HostIp];
  return addresses.flatMap((hostAddress) => {
    const address = parseAddress(hostAddress);
    if (!address) throw invalid(`invalid IP address: ${hostAddress}`);
    const inside = families.includes(address.family) ? address.family : 4;
    const copied = address.family === 6 && families.includes(4) && !routed.includes(4) && (HostIp !== '' || hostIPv6);
    if (inside !== address.family && (!copied || protocol === 'sctp')) return [];
    const base = { port: inner.port, protocol, hostAddress, family: address.family, inside };
    if (routed.includes(address.family)) return [{ ...base, low: 0, high: 0, dynamic: false }];
    return [{ ...base, low: dynamic ? DYNAMIC.low : low, high: dynamic ? DYNAMIC.high : high, dynamic }];
  });
}

export interface Published extends PublishRule {
  readonly shownAddress: string;
}

interface Held extends Published {
  readonly fd: number | undefined;
  /** The copying of what the kernel does not translate. */
  copy: Disposable | undefined;
  /** It holds ::1 for `localhost` alone, and makes room for who asks for that. */
  readonly lent: boolean;
}

type Found = Omit<Held, 'copy' | 'lent'>;

function drop({ fd, copy }: Held): void {
  copy?.[Symbol.dispose]();
  if (fd !== undefined) closeSync(fd);
}

/**
 * What the kernel does not lead on is copied by a listener on the port that is held anyway: ::1, and IPv6 for a container that
 * has none.
 */
function copyFor(one: Published, fd: number | undefined): Disposable | undefined {
  if (one.protocol === 'sctp' || one.family !== 6 || fd === undefined) return undefined;
  const copied = isCopied(one);
  if (!copied && one.hostAddress !== undefined && one.hostAddress !== '::1') return undefined;
  try {
    return copyFrom(copied ? 'anybody' : '::1', one.protocol, duplicate(fd), one);
  } catch {
    return undefined;
  }
}

/** A port on every IPv4 address, or on 127.0.0.1, has ::1 as well when that has the port free, so that `localhost` is one place. */
function lendLoopback(one: Published): Disposable | undefined {
  if (one.protocol === 'sctp' || one.family === 6 || one.hostPort === 0) return undefined;
  if (one.hostAddress !== undefined && one.hostAddress !== '127.0.0.1') return undefined;
  try {
    const own = holdPort(one.protocol, '::1', ONE, one.hostPort);
    return own === undefined ? undefined : copyFrom('::1', one.protocol, own, one);
  } catch {
    return undefined;
  }
}

/** Every port held: what was named comes before what is only lent. */
function serve(all: readonly (Published & { readonly fd: number | undefined })[]): Held[] {
  const held = all.map((one): Held => {
    const overSix = all.some((other) => other.family === 6 && other.port === one.port && coversLoopback(other, one));
    return { ...one, copy: copyFor(one, one.fd), lent: one.family === 4 && !overSix };
  });
  for (const one of held) if (one.lent) one.copy = lendLoopback(one);
  return held;
}

/** Whether an IPv6 port is there at ::1 under the number of the IPv4 one. */
const coversLoopback = (six: Published, four: Published): boolean =>
  six.hostPort === four.hostPort && six.protocol === four.protocol && ['::', LOOPBACK].includes(six.shownAddress);

const LOOPBACK = '::1';
/** The same in bytes. */
const ONE = Uint8Array.from({ length: 16 }, (_, index) => Number(index === 15));

const isAny = (address: string): boolean => address === '0.0.0.0' || address === '::';

export class PortAllocator {
  readonly #held = new Map<string, Held[]>();

  /** All of the wishes or none. `addresses` are the container's; throws internal in Docker's words. */
  allocate(owner: string, requests: readonly PortRequest[], addresses: Readonly<Record<Family, string>>): Published[] {
    const got: Found[] = [];
    try {
      for (const pair of pairsOf(requests)) got.push(...this.#find(pair, addresses, got));
    } catch (error) {
      for (const { fd } of got) if (fd !== undefined) closeSync(fd);
      throw error;
    }
    const held = serve(got);
    this.#held.set(owner, [...(this.#held.get(owner) ?? []), ...held]);
    return held;
  }

  /** After a restart of the daemon: the ports that running containers have, whether or not they can be held again. */
  restore(owner: string, published: readonly Published[]): void {
    for (const one of published) this.#makeRoom(one.family, one.protocol, one.hostPort);
    this.#held.set(owner, serve(published.map((one) => ({ ...one, fd: this.#hold(one) }))));
  }

  /** The same host ports lead to another container. What holds them stays open, so that no connection finds nobody. */
  transfer(from: string, to: string, addresses: Readonly<Record<Family, string>>): Published[] {
    const before = this.#held.get(from) ?? [];
    for (const { copy } of before) copy?.[Symbol.dispose]();
    const moved = before.map((one) => ({
      ...one,
      address: addresses[isCopied(one) || addresses[one.family] === '' ? 4 : one.family],
    }));
    const held = serve(moved);
    this.#held.delete(from);
    this.#held.set(to, [...(this.#held.get(to) ?? []), ...held]);
    return held;
  }

  release(owner: string): void {
    for (const one of this.#held.get(owner) ?? []) drop(one);
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

  /** ::1, lent for `localhost` to what is published over IPv4, goes to who names it. */
  #makeRoom(family: Family, protocol: Protocol, hostPort: number): void {
    if (family !== 6) return;
    for (const one of [...this.#held.values()].flat()) {
      if (!one.lent || one.protocol !== protocol || one.hostPort !== hostPort) continue;
      one.copy?.[Symbol.dispose]();
      one.copy = undefined;
    }
  }

  #routed(request: PortRequest, address: string): Found {
    const { family, protocol, hostAddress: shownAddress, port } = request;
    return {
      family,
      protocol,
      hostAddress: undefined,
      shownAddress,
      hostPort: 0,
      address,
      port,
      fd: undefined,
    };
  }

  /** One number that is free for both halves. */
  #find(pair: Pair, addresses: Readonly<Record<Family, string>>, mine: readonly Found[]): Found[] {
    const [{ low, high, dynamic }] = pair;
    const span = high - low + 1;
    const start = dynamic && span > 1 ? Math.floor(Math.random() * span) : 0;
    let failure: PortTaken | undefined;
    for (let step = 0; step < span; step += 1) {
      const hostPort = low + ((start + step) % span);
      const found: Found[] = [];
      try {
        for (const request of pair) found.push(this.#take(request, hostPort, addresses, mine));
        return found;
      } catch (error) {
        for (const { fd } of found) if (fd !== undefined) closeSync(fd);
        if (!(error instanceof PortTaken)) throw error;
        failure = error;
      }
    }
    throw internal(failure?.message ?? 'no port is free');
  }

  /** Throws PortTaken where another number may be free. */
  #take(
    request: PortRequest,
    hostPort: number,
    addresses: Readonly<Record<Family, string>>,
    mine: readonly Found[],
  ): Found {
    const address = parseAddress(request.hostAddress);
    if (!address) throw invalid(`invalid IP address: ${request.hostAddress}`);
    if (request.high === 0) return this.#routed(request, addresses[request.family]);
    const inside = addresses[request.inside];
    if ([...this.all(), ...mine].some((one) => clashes(one, request, hostPort))) {
      const twice = mine.some((one) => clashes(one, request, hostPort) && one.port === request.port);
      throw new PortTaken(
        twice && request.protocol === 'tcp'
          ? 'failed to listen on TCP socket: address already in use'
          : `Bind for ${hostText(request)}:${hostPort} failed: port is already allocated`,
      );
    }
    this.#makeRoom(request.family, request.protocol, hostPort);
    try {
      return {
        family: request.family,
        protocol: request.protocol,
        hostAddress: isAny(request.hostAddress) ? undefined : request.hostAddress,
        shownAddress: request.hostAddress,
        hostPort,
        address: inside,
        port: request.port,
        fd: holdPort(request.protocol, request.hostAddress, addressBytes(address), hostPort),
      };
    } catch (error) {
      const target = `${hostText(request)}:${hostPort}:${inside}:${request.port}/${request.protocol}`;
      const message = `failed to bind host port for ${target}: ${bindWords(error)}`;
      throw isErrno(error, 'EADDRINUSE') ? new PortTaken(message) : internal(message);
    }
  }
}

class PortTaken extends Error {}

type Pair = readonly [PortRequest, ...PortRequest[]];

/** Pure: the halves of one binding, on every IPv4 and on every IPv6 address, get one number and stand together. */
function pairsOf(requests: readonly PortRequest[]): Pair[] {
  const pairs: Pair[] = [];
  for (const request of requests) {
    const last = pairs.at(-1);
    if (last?.length === 1 && areHalves(last[0], request)) pairs[pairs.length - 1] = [last[0], request];
    else pairs.push([request]);
  }
  return pairs;
}

function areHalves(four: PortRequest, six: PortRequest): boolean {
  return (
    four.hostAddress === '0.0.0.0' &&
    six.hostAddress === '::' &&
    four.port === six.port &&
    four.protocol === six.protocol &&
    four.low === six.low &&
    four.high === six.high
  );
}

function hostText({ hostAddress, family }: PortRequest): string {
  return family === 6 ? `[${hostAddress}]` : hostAddress;
}

function bindWords(error: unknown): string {
  if (isErrno(error, 'EADDRINUSE')) return 'address already in use';
  if (isErrno(error, 'EADDRNOTAVAIL')) return 'cannot assign requested address';
  if (isErrno(error, 'EACCES')) return 'permission denied';
  return String(error);
}

function clashes(held: Published, request: PortRequest, port: number): boolean {
  return (
    held.family === request.family &&
    held.protocol === request.protocol &&
    held.hostPort === port &&
    (isAny(held.shownAddress) || isAny(request.hostAddress) || held.shownAddress === request.hostAddress)
  );
}

/** As inspect shows them: exposed ones that are not published have null. */
export function portMap(
  exposed: readonly string[],
  published: readonly Published[],
): Record<string, PortBinding[] | null> {
  const shown: Record<string, PortBinding[] | null> = {};
  for (const one of published) {
    const bindings = (shown[portKey(one)] ??= []);
    bindings.push({ HostIp: one.shownAddress, HostPort: one.hostPort === 0 ? '' : String(one.hostPort) });
  }
  for (const port of exposed) shown[port] ??= null;
  return shown;
}

/** The reverse of `portMap`, for a container that was taken back. */
export function publishedFrom(
  ports: Readonly<Record<string, readonly PortBinding[] | null>>,
  addresses: Readonly<Record<Family, string>>,
): Published[] {
  return Object.entries(ports).flatMap(([port, bindings]) => {
    const inner = parsePort(port);
    if (!inner) return [];
    return (bindings ?? []).flatMap(({ HostIp, HostPort }) => {
      const family = parseAddress(HostIp)?.family;
      if (family === undefined) return [];
      return [
        {
          family,
          hostAddress: isAny(HostIp) ? undefined : HostIp,
          shownAddress: HostIp,
          hostPort: Number(HostPort),
          address: addresses[family] === '' && family === 6 ? addresses[4] : addresses[family],
          ...inner,
        },
      ];
    });
  });
}

// The host's links seen and changed: bridges and the pairs that lead into containers. Effects only.
import { randomInt } from 'node:crypto';
import { closeSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { internal, isErrno, messageOf } from '../../base/errors.ts';
import { inNamespace, inNamespaceAt, type Link, openNamespace, Routing } from '../../host/netlink/index.ts';
import {
  type Address,
  addressBytes,
  addressFrom,
  addressText,
  type Block,
  blockText,
  masked,
  parseBlock,
} from '../../base/address.ts';
import { hostBlocks } from '../ipam/ipam.ts';
import { Removal } from './removal.ts';
import type { Observed, Op, OpKind, Step } from './plan.ts';

/** Links on their way out are put into it; of 24 random bits, so that it is nobody else's. */
const GROUP = 0x6200_0000 + randomInt(0x100_0000);

/** All of them, or those of these names. */
export function observeLinks(names?: Iterable<string>): Observed {
  using routing = new Routing();
  const links = names === undefined ? routing.links() : [...names].flatMap((name) => routing.link(name) ?? []);
  const addresses =
    names === undefined
      ? routing.addresses()
      : links.filter(({ kind }) => kind === 'bridge').flatMap(({ index }) => routing.addresses(index));
  return {
    links,
    addresses: addresses.flatMap(({ link, address, prefix }) => {
      const read = addressFrom(address);
      return read ? [{ link, address: blockText({ ...read, bits: prefix }) }] : [];
    }),
  };
}

/** Every address that the host has. */
export function hostAddresses(): string[] {
  using routing = new Routing();
  return routing.addresses().flatMap(({ address }) => {
    const read = addressFrom(address);
    return read ? [addressText(read)] : [];
  });
}

/** Of a link, each with its prefix; undefined when there is no such link. */
export function addressesOf(name: string): Block[] | undefined {
  const { links, addresses } = observeLinks([name]);
  return links.length === 0 ? undefined : addresses.flatMap(({ address }) => parseBlock(address) ?? []);
}

/** What links of these numbers are called. */
export function namesOfLinks(indexes: Iterable<number>): string[] {
  using routing = new Routing();
  return [...indexes].flatMap((index) => routing.link(index)?.name ?? []);
}

/** What the host reaches without its default route. */
export function observeHostBlocks(): Block[] {
  using routing = new Routing();
  return hostBlocks(
    routing
      .routes()
      .map(({ destination, prefix }) => ({ destination: destination && addressFrom(destination), prefix })),
  );
}

/** Blocks that the host reaches without its default route, as text. */
export function hostNetworks(): string[] {
  return observeHostBlocks().map(blockText);
}

/** MTU of the link that has this address; that of the way out where none has. */
export function mtuAt(address: string): number {
  using routing = new Routing();
  const found = routing.addresses().find((one) => {
    const read = addressFrom(one.address);
    return read !== undefined && addressText(read) === address;
  });
  return (found && routing.link(found.link)?.mtu) ?? uplinkMtu();
}

/** MTU of the default route's link; 1500 without one. */
export function uplinkMtu(): number {
  return uplink()?.mtu ?? 1500;
}

/** The default route's link. */
export function uplinkName(): string | undefined {
  return uplink()?.name;
}

function uplink(): Link | undefined {
  using routing = new Routing();
  const out = routing.routes().find((route) => route.prefix === 0 && route.gateway);
  return routing.links().find((link) => link.index === out?.link);
}

export function linkNames(): ReadonlySet<string> {
  using routing = new Routing();
  return new Set(routing.links().map(({ name }) => name));
}

export function linkExists(name: string): boolean {
  using routing = new Routing();
  return routing.link(name) !== undefined;
}

const removal = new Removal(async (names) => {
  using routing = new Routing();
  await routing.deleteLinks(names, GROUP);
});

/** With all that others want removed meanwhile, and beside this thread's work; those that are gone are no error. A pair goes with either end. */
export function removeLinks(names: readonly string[]): Promise<void> {
  return removal.remove(names);
}

/** One that is gone is no error. */
export function removeLink(name: string): void {
  using routing = new Routing();
  routing.deleteLink(name);
}

/** Whether packets between ports of a bridge pass through the host's own filters (br_netfilter). */
export function bridgedPacketsAreFiltered(): boolean {
  return ['iptables', 'ip6tables'].some((which) => read(`/proc/sys/net/bridge/bridge-nf-call-${which}`) === '1');
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1').trim();
  } catch {
    return '';
  }
}

/** Writes a kernel setting; one that this kernel does not have is no error. */
function set(file: string, value: string): void {
  try {
    writeFileSync(file, value);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'EROFS')) throw error;
  }
}

/** Performs a plan: what is to be added at once; resolves when what goes is gone. `mark` is the note for bridges of this daemon. */
export async function applyLinks(steps: readonly Step[], mark: string): Promise<void> {
  const gone = steps.flatMap(({ op }) => (op.kind === 'remove' ? [op.name] : []));
  addLinks(steps, mark);
  if (gone.length > 0) await removeLinks(gone);
}

/** Performs what of a plan is not removal. */
export function addLinks(steps: readonly Step[], mark: string): void {
  if (steps.every(({ op }) => op.kind === 'remove')) return;
  using routing = new Routing();
  const index = (name: string): number => routing.link(name)?.index ?? 0;
  const handlers: { readonly [K in OpKind]: (op: Op<K>) => void } = {
    addBridge: ({ name, mtu, mac }) => {
      routing.addBridge({ name, mac, ...(mtu === undefined ? {} : { mtu }) });
      // packets of the host for 127.0.0.1 can then be led to a container
      set(`/proc/sys/net/ipv4/conf/${name}/route_localnet`, '1');
      set(`/proc/sys/net/ipv6/conf/${name}/accept_ra`, '0');
      set(`/proc/sys/net/ipv6/conf/${name}/accept_dad`, '0');
    },
    addVxlan: (link) => routing.addVxlan(link),
    mark: ({ name }) => routing.change(index(name), { alias: mark }),
    raise: ({ name }) => routing.change(index(name), { up: true }),
    addAddress: ({ name, address }) => {
      const block = parseBlock(address);
      if (block) routing.addAddress(index(name), addressBytes(block), block.bits);
    },
    join: ({ name, bridge, isolated }) => {
      routing.change(index(name), { master: index(bridge), up: true });
      routing.changePort(index(name), { isolated, hairpin: bridgedPacketsAreFiltered() });
    },
    joinByEntries: ({ name, bridge }) => {
      routing.change(index(name), { master: index(bridge), up: true });
      routing.changePort(index(name), { byEntries: true });
    },
    // who knows the container does these
    attach: () => undefined,
    remove: () => undefined,
  };
  for (const { op } of steps) (handlers[op.kind] as (op: Op) => void)(op);
}

export interface Inside {
  /** Name inside. */
  readonly name: string;
  readonly mac: string;
  readonly mtu: number | undefined;
  readonly addresses: readonly Block[];
  /** Reached over it without a gateway, besides the blocks of its addresses. */
  readonly onLink?: readonly Block[];
  /** `net.ipv4.conf.IFNAME.x=1` */
  readonly sysctls: readonly string[];
}

export interface Interface extends Inside {
  readonly hostLink: string;
  readonly bridge: string;
  /** The bridge keeps it from its other ports. */
  readonly isolated: boolean;
  /** What the bridge gets from it may go back to it. */
  readonly hairpin: boolean;
}

/** Makes the pair, its far end configured in the process's namespace. Throws like a system call, or in dockerd's words. */
export function makeVeth(namespacePath: string, request: Interface): void {
  checkName(request.name, request.hostLink);
  const namespace = openNamespace(namespacePath);
  try {
    using routing = new Routing();
    const master = routing.link(request.bridge)?.index ?? 0;
    const mtu = request.mtu === undefined ? {} : { mtu: request.mtu };
    routing.deleteLink(request.hostLink);
    try {
      routing.addVeth(
        { name: request.hostLink, ...mtu, master, up: true },
        { name: request.name, mac: request.mac, ...mtu, namespace },
      );
    } catch (error) {
      // the host's end has gone just now: it is the name inside that somebody has
      if (isErrno(error, 'EEXIST')) throw badName(request.hostLink, request.name, 'file exists');
      throw isErrno(error, 'EADDRNOTAVAIL') ? badMac(request.hostLink, request.mac) : error;
    }
    try {
      if (request.isolated || request.hairpin) {
        const link = routing.link(request.hostLink);
        if (link) routing.changePort(link.index, { isolated: request.isolated, hairpin: request.hairpin });
      }
      // who has the address is known, and not a matter of who answers first
      for (const one of request.addresses) routing.setNeighbour(master, addressBytes(one), request.mac);
      inNamespace(namespace, () => configureInside(request, request.hostLink));
    } catch (error) {
      routing.deleteLink(request.hostLink);
      throw error;
    }
  } finally {
    closeSync(namespace);
  }
}

export interface Macvlan extends Inside {
  readonly parent: string;
  /** As the kernel counts them. */
  readonly mode: number;
}

/** A link over the parent, straight in the process's namespace, with which it goes. */
export function makeMacvlan(namespacePath: string, request: Macvlan): void {
  checkName(request.name, request.parent);
  const namespace = openNamespace(namespacePath);
  try {
    using routing = new Routing();
    const parent = routing.link(request.parent);
    if (!parent) throw internal(`the parent link ${request.parent} is gone`);
    const { name, mac, mode } = request;
    const mtu = Math.min(request.mtu ?? parent.mtu, parent.mtu);
    try {
      routing.addMacvlan({ name, mac, mtu, namespace, parent: parent.index, mode });
    } catch (error) {
      throw isErrno(error, 'EADDRNOTAVAIL') ? badMac(request.parent, mac) : error;
    }
    try {
      inNamespace(namespace, () => configureInside(request, request.parent));
    } catch (error) {
      removeInside(namespacePath, name);
      throw error;
    }
  } finally {
    closeSync(namespace);
  }
}

/** One that is gone already is no error, nor is a namespace that is. */
export function removeInside(namespacePath: string, name: string): void {
  try {
    inNamespaceAt(namespacePath, () => removeLink(name));
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}

function checkName(name: string, link: string): void {
  if (name.length > 15 || /[\s/:]/.test(name) || name === '.' || name === '..')
    throw badName(link, name, 'invalid argument');
}

function badName(link: string, name: string, why: string): Error {
  return internal(
    `failed to add interface ${link} to sandbox: error renaming interface ${JSON.stringify(link)} to ${JSON.stringify(name)}: ${why}`,
  );
}

/** The kernel takes no address of a group, nor zero. */
function badMac(link: string, mac: string): Error {
  return internal(
    `failed to add interface ${link} to sandbox: error setting interface ${JSON.stringify(link)} MAC to ${JSON.stringify(mac)}: cannot assign requested address`,
  );
}

function configureInside({ name, addresses, onLink = [], sysctls }: Inside, link: string): void {
  const six = addresses.some(({ family }) => family === 6);
  set(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, six ? '0' : '1');
  if (six) {
    set(`/proc/sys/net/ipv6/conf/${name}/accept_dad`, '0');
    set(`/proc/sys/net/ipv6/conf/${name}/accept_ra`, '0');
  }
  using routing = new Routing();
  const index = routing.link(name)?.index ?? 0;
  for (const address of addresses) routing.addAddress(index, addressBytes(address), address.bits);
  for (const one of sysctls) applySysctl(one, name, link);
  routing.change(index, { up: true });
  for (const block of onLink)
    routing.addRoute({ destination: { address: addressBytes(masked(block)), prefix: block.bits }, link: index });
}

/** `net.ipv4.conf.IFNAME.x=1`, as the check of the create has let it through. */
function applySysctl(text: string, name: string, link: string): void {
  const [key = '', value = ''] = text.split(/=(.*)/s);
  const path = `/proc/sys/${key.replaceAll('.', '/').replace(/\/IFNAME\//i, `/${name}/`)}`;
  const failed = (why: string): Error => internal(`failed to add interface ${link} to sandbox: ${why}`);
  if (path.includes('..') || !existsSync(path)) throw failed(`${path} is not a sysctl file`);
  try {
    writeFileSync(path, value);
  } catch (error) {
    throw failed(`setting sysctl ${key}: ${messageOf(error)}`);
  }
}

/** Nobody has these addresses of a bridge any more. */
export function forgetNeighbours(bridge: string, addresses: readonly Address[]): void {
  using routing = new Routing();
  const link = routing.link(bridge);
  if (link) for (const one of addresses) routing.setNeighbour(link.index, addressBytes(one), undefined);
}

/** Sets the default routes inside, at most one a family, and takes others away. */
export function setGateways(
  namespacePath: string,
  ways: readonly { readonly name: string; readonly gateway: Address }[],
): void {
  inNamespaceAt(namespacePath, () => {
    using routing = new Routing();
    for (const family of [4, 6] as const) routing.removeDefaultRoute(family);
    for (const { name, gateway } of ways) {
      const link = routing.link(name);
      if (link) routing.addRoute({ gateway: addressBytes(gateway), link: link.index });
    }
  });
}

/** The names of the interfaces inside. */
export function interfacesInside(namespacePath: string): string[] {
  return inNamespaceAt(namespacePath, () => {
    using routing = new Routing();
    return routing.links().map((link: Link) => link.name);
  });
}

/** Name of the interface inside that has this MAC address. */
export function interfaceByMac(namespacePath: string, mac: string): string | undefined {
  return inNamespaceAt(namespacePath, () => {
    using routing = new Routing();
    return routing.links().find((link: Link) => link.mac === mac)?.name;
  });
}

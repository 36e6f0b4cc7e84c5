// Links, addresses and routes through AF_NETLINK; in this namespace or in another.
import { isErrno } from '../../base/errors.ts';
import { NLM } from './codec.ts';
import {
  addressRequest,
  bridgeRequest,
  changeRequest,
  deleteGroupRequest,
  deleteLinkRequest,
  type ForwardingEntry,
  forwardingRequests,
  groupRequest,
  type Link,
  type LinkAddress,
  type LinkChange,
  listRequest,
  macvlanRequest,
  type Neighbour,
  neighbourRequest,
  neighboursRequest,
  oneLinkRequest,
  type PortChange,
  portRequest,
  readAddress,
  readLink,
  readNeighbour,
  readRoute,
  type Route,
  routeRequest,
  RTM,
  ruleRequest,
  vethRequest,
  vxlanRequest,
} from './routing.ts';
import { allFlowsRequest, flowsRequest, forgetRequest, readFlow } from './flows.ts';
import { elementBatch, type Redirect, redirectBatch, type SetElement } from './nftables.ts';
import { NetlinkSocket } from './socket.ts';

export { inNamespace, inNamespaceAt, openNamespace } from './namespace.ts';
import { makeNamespace } from './namespace.ts';
export type { SetElement, Value, Verdict } from './nftables.ts';
export type { ForwardingEntry, Link, LinkAddress, LinkChange, Neighbour, Route } from './routing.ts';

/** The routing table that everything goes by. */
const MAIN = 254;

/** rtnetlink in the namespace in which it was made. */
export class Routing implements Disposable {
  readonly #socket = new NetlinkSocket();

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  links(): Link[] {
    return this.#socket.ask(listRequest(RTM.GETLINK), 'list links').map(readLink);
  }

  /** By name or index; undefined when there is none. */
  link(which: string | number): Link | undefined {
    try {
      return this.#socket.ask(oneLinkRequest(which), `look at ${which}`).map(readLink)[0];
    } catch (error) {
      if (isErrno(error, 'ENODEV')) return undefined;
      throw error;
    }
  }

  /** Of one link, or of all. */
  addresses(link = 0): LinkAddress[] {
    const all = this.#socket.ask(listRequest(RTM.GETADDR, { link }), 'list addresses').map(readAddress);
    return link === 0 ? all : all.filter((one) => one.link === link);
  }

  /** Of the main table. */
  routes(): Route[] {
    const all = this.#socket.ask(listRequest(RTM.GETROUTE, { table: MAIN }), 'list routes').map(readRoute);
    return all.filter(({ table }) => table === MAIN);
  }

  /** Throws EEXIST when the name is taken. */
  addBridge(link: LinkChange & { readonly name: string }): void {
    this.#socket.ask(bridgeRequest(link), `make bridge ${link.name}`);
  }

  addVeth(
    link: LinkChange & { readonly name: string },
    peer: LinkChange & { readonly name: string; readonly namespace: number },
  ): void {
    this.#socket.ask(vethRequest(link, peer), `make veth ${link.name}`);
  }

  /** Throws EEXIST when the name is taken, or its number on this port. */
  addVxlan(link: Parameters<typeof vxlanRequest>[0]): void {
    this.#socket.ask(vxlanRequest(link), `make vxlan ${link.name}`);
  }

  /** Taking away one that is not known is no error. */
  setForwarding(entry: ForwardingEntry, add: boolean): void {
    for (const request of forwardingRequests(entry, add)) {
      try {
        this.#socket.ask(request, `forwarding entry ${entry.mac}`);
      } catch (error) {
        if (add || !isErrno(error, 'ENOENT', 'ENODEV')) throw error;
      }
    }
  }

  /** What a VXLAN link's own table and its bridge's know behind it. */
  forwarding(link: number): Neighbour[] {
    return this.#neighbours('bridge', link);
  }

  neighbours(link: number): Neighbour[] {
    return this.#neighbours('ip', link);
  }

  #neighbours(family: 'ip' | 'bridge', link: number): Neighbour[] {
    const all = this.#socket.ask(neighboursRequest(family, link), `neighbours of link ${link}`).map(readNeighbour);
    return all.filter((one) => one.link === link);
  }

  /** One that is there already, or gone, is no error. */
  setRule(rule: { readonly mark: number; readonly table: number }, add: boolean): void {
    try {
      this.#socket.ask(ruleRequest(rule, add), `rule for mark ${rule.mark}`);
    } catch (error) {
      if (!isErrno(error, add ? 'EEXIST' : 'ENOENT')) throw error;
    }
  }

  addMacvlan(link: Parameters<typeof macvlanRequest>[0]): void {
    this.#socket.ask(macvlanRequest(link), `make macvlan ${link.name}`);
  }

  /** Without `mac` it is forgotten; one that is not known is no error. */
  setNeighbour(link: number, address: Uint8Array, mac: string | undefined): void {
    try {
      this.#socket.ask(neighbourRequest(link, address, mac), `neighbour on link ${link}`);
    } catch (error) {
      if (mac !== undefined || !isErrno(error, 'ENOENT', 'ENODEV')) throw error;
    }
  }

  change(index: number, change: LinkChange): void {
    this.#socket.ask(changeRequest(index, change), `change link ${index}`);
  }

  changePort(index: number, port: PortChange): void {
    this.#socket.ask(portRequest(index, port), `change bridge port ${index}`);
  }

  /** One that is gone already is no error. */
  deleteLink(name: string): void {
    const link = this.link(name);
    if (!link) return;
    try {
      this.#socket.ask(deleteLinkRequest(link.index), `delete ${name}`);
    } catch (error) {
      if (!isErrno(error, 'ENODEV')) throw error;
    }
  }

  /**
   * Several at once, without holding up this thread: the kernel waits some 20 ms until nobody uses a link, and once for all
   * of a group. `group` is a number that no other link has.
   */
  async deleteLinks(names: readonly string[], group: number): Promise<void> {
    const found = names.map((name) => this.link(name)).filter((link) => link !== undefined);
    const [first, ...others] = found;
    if (!first) return;
    try {
      for (const { index } of others.length > 0 ? found : []) this.#group(index, group);
      const request = others.length > 0 ? deleteGroupRequest(group) : deleteLinkRequest(first.index);
      await this.#socket.askSlow(request, `delete ${first.name}`);
    } catch (error) {
      if (!isErrno(error, 'ENODEV')) throw error;
    }
  }

  /** One that is gone is no error. */
  #group(index: number, group: number): void {
    try {
      this.#socket.ask(groupRequest(index, group), `group link ${index}`);
    } catch (error) {
      if (!isErrno(error, 'ENODEV')) throw error;
    }
  }

  addAddress(index: number, address: Uint8Array, prefix: number): void {
    this.#socket.ask(addressRequest(index, address, prefix), `give link ${index} an address`);
  }

  removeAddress(index: number, address: Uint8Array, prefix: number): void {
    const request = { ...addressRequest(index, address, prefix), type: RTM.DELADDR, flags: NLM.REQUEST | NLM.ACK };
    this.#socket.ask(request, `take an address from link ${index}`);
  }

  addRoute(route: Parameters<typeof routeRequest>[0]): void {
    this.#socket.ask(routeRequest(route), `route over link ${route.link}`);
  }

  /** The default routes of one family; none is no error. */
  removeDefaultRoute(family: 4 | 6): void {
    for (const route of this.routes()) {
      if (route.destination !== undefined || route.prefix !== 0 || !route.gateway) continue;
      if (route.gateway.length !== (family === 4 ? 4 : 16)) continue;
      const request = { ...routeRequest({ gateway: route.gateway, link: route.link }), type: 25 };
      this.#socket.ask({ ...request, flags: NLM.REQUEST | NLM.ACK }, 'take the default route away');
    }
  }
}

/** Puts a table of its own into the namespace of the calling thread. Throws like a system call. */
export function redirectPort(options: Redirect): void {
  using socket = new NetlinkSocket('netfilter');
  const what = `lead port ${options.port} elsewhere`;
  try {
    socket.transact(redirectBatch(options, false), what);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    // a former daemon's
    socket.transact(redirectBatch(options, true), what);
  }
}

/**
 * Connections of this namespace that are led to one of these addresses are forgotten, or of those alone the ones that were never answered.
 * Gives how many. Throws like a system call where the kernel has no conntrack over netlink.
 */
export function forgetFlows(addresses: readonly Uint8Array[], unansweredOnly: boolean): number {
  using socket = new NetlinkSocket('netfilter');
  let count = 0;
  const four = addresses.filter(({ length }) => length === 4);
  const six = addresses.filter(({ length }) => length === 16);
  const requests = [
    ...four.map((address) => ({ request: flowsRequest(address), to: [address] })),
    ...(six.length > 0 ? [{ request: allFlowsRequest(), to: six }] : []),
  ];
  for (const { request, to } of requests)
    for (const message of socket.ask(request, 'list connections')) {
      const flow = readFlow(message);
      if (!flow || !to.some((address) => flow.from.equals(address)) || (unansweredOnly && flow.answered)) continue;
      try {
        socket.ask(forgetRequest(flow), 'forget a connection');
        count += 1;
      } catch (error) {
        if (!isErrno(error, 'ENOENT')) throw error;
      }
    }
  return count;
}

/** Changes elements of a table's sets, of the namespace in which it was made. It stays open, so that its doings are known among the kernel's events. */
export class SetChanger implements Disposable {
  readonly #socket = new NetlinkSocket('netfilter');
  /** What events that it causes carry. */
  readonly port = this.#socket.port();

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  /** All of it or nothing. Throws like a system call: ENOENT when the table, a set or an element is not there. */
  change(table: string, remove: readonly SetElement[], add: readonly SetElement[]): void {
    if (remove.length + add.length > 0) this.#socket.transact(elementBatch(table, remove, add), `change ${table}`);
  }
}

/** A new network namespace with its loopback up, held by the descriptor; whoever gets it closes it. */
export function newNetworkNamespace(): number {
  return makeNamespace(() => {
    using routing = new Routing();
    const loopback = routing.link('lo');
    if (loopback) routing.change(loopback.index, { up: true });
  });
}

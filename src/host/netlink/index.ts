// Links, addresses and routes through AF_NETLINK; in this namespace or in another.
import { isErrno } from '../../base/errors.ts';
import { NLM } from './codec.ts';
import {
  addressRequest,
  bridgeRequest,
  changeRequest,
  deleteLinkRequest,
  type Link,
  type LinkAddress,
  type LinkChange,
  listRequest,
  macvlanRequest,
  neighbourRequest,
  oneLinkRequest,
  portRequest,
  readAddress,
  readLink,
  readRoute,
  type Route,
  routeRequest,
  RTM,
  vethRequest,
} from './routing.ts';
import { type Redirect, redirectBatch } from './nftables.ts';
import { NetlinkSocket } from './socket.ts';

export { inNamespace, inNamespaceAt, openNamespace } from './namespace.ts';
import { makeNamespace } from './namespace.ts';
export type { Link, LinkAddress, LinkChange, Route } from './routing.ts';

/** rtnetlink in the namespace in which it was made. */
export class Routing implements Disposable {
  readonly #socket = new NetlinkSocket();

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  links(): Link[] {
    return this.#socket.ask(listRequest(RTM.GETLINK), 'list links').map(readLink);
  }

  /** undefined when there is none of that name. */
  link(name: string): Link | undefined {
    try {
      return this.#socket.ask(oneLinkRequest(name), `look at ${name}`).map(readLink)[0];
    } catch (error) {
      if (isErrno(error, 'ENODEV')) return undefined;
      throw error;
    }
  }

  addresses(): LinkAddress[] {
    return this.#socket.ask(listRequest(RTM.GETADDR), 'list addresses').map(readAddress);
  }

  routes(): Route[] {
    return this.#socket.ask(listRequest(RTM.GETROUTE), 'list routes').map(readRoute);
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

  changePort(index: number, port: { readonly isolated?: boolean; readonly hairpin?: boolean }): void {
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

  /** As `deleteLink`, without holding up this thread: the kernel waits some 20 ms until nobody uses the link. */
  async deleteLinkSlow(name: string): Promise<void> {
    const link = this.link(name);
    if (!link) return;
    try {
      await this.#socket.askSlow(deleteLinkRequest(link.index), `delete ${name}`);
    } catch (error) {
      if (!isErrno(error, 'ENODEV')) throw error;
    }
  }

  addAddress(index: number, address: Uint8Array, prefix: number): void {
    this.#socket.ask(addressRequest(index, address, prefix), `give link ${index} an address`);
  }

  removeAddress(index: number, address: Uint8Array, prefix: number): void {
    const request = { ...addressRequest(index, address, prefix), type: 21, flags: NLM.REQUEST | NLM.ACK };
    this.#socket.ask(request, `take an address from link ${index}`);
  }

  addRoute(route: Parameters<typeof routeRequest>[0]): void {
    this.#socket.ask(routeRequest(route), `route over link ${route.link}`);
  }

  /** The default routes of one family; none is no error. */
  removeDefaultRoute(family: 4 | 6): void {
    for (const route of this.routes()) {
      if (route.destination !== undefined || route.prefix !== 0 || route.table !== 254 || !route.gateway) continue;
      if (route.gateway.length !== (family === 4 ? 4 : 16)) continue;
      const request = { ...routeRequest({ gateway: route.gateway, link: route.link }), type: 25 };
      this.#socket.ask({ ...request, flags: NLM.REQUEST | NLM.ACK }, 'take the default route away');
    }
  }
}

/** Puts a table of its own into the namespace of the calling thread. Throws like a system call. */
export function redirectPort(wish: Redirect): void {
  using socket = new NetlinkSocket('netfilter');
  const what = `lead port ${wish.port} elsewhere`;
  try {
    socket.transact(redirectBatch(wish, false), what);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    // a former daemon's
    socket.transact(redirectBatch(wish, true), what);
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

// The messages of rtnetlink that Berth sends and reads: links, addresses, routes. Pure.
import { attribute, attributes, byteAttribute, type Message, NLM, nested, type Request, textOf } from './codec.ts';

export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  SETLINK: 19,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  GETROUTE: 26,
  NEWNEIGH: 28,
  DELNEIGH: 29,
  GETNEIGH: 30,
  NEWRULE: 32,
  DELRULE: 33,
} as const;
export const AF = { UNSPEC: 0, INET: 2, BRIDGE: 7, INET6: 10 } as const;

const IFLA = {
  ADDRESS: 1,
  NAME: 3,
  MTU: 4,
  LINK: 5,
  MASTER: 10,
  PORT: 12,
  INFO: 18,
  ALIAS: 20,
  GROUP: 27,
  NAMESPACE_FD: 28,
} as const;
const INFO = { KIND: 1, DATA: 2 } as const;
const PORT = {
  HAIRPIN: 4,
  LEARNING: 8,
  UNICAST_FLOOD: 9,
  MULTICAST_FLOOD: 27,
  BROADCAST_FLOOD: 30,
  NEIGHBOUR_SUPPRESS: 32,
  ISOLATED: 33,
} as const;
const VXLAN = { ID: 1, LEARNING: 7, PORT: 15 } as const;
const ROUTE_TABLE = 15;
const VETH_PEER = 1;
const MACVLAN_MODE = 1;
const UP = 1;
/** No duplicate address detection: the address was allocated, and is to be used at once. */
const NODAD = 2;
const PERMANENT = 0x80;

export interface LinkChange {
  readonly name?: string;
  readonly up?: boolean;
  readonly mtu?: number;
  /** `02:42:…` */
  readonly mac?: string;
  /** Index of the bridge; 0 takes it out. */
  readonly master?: number;
  /** A note that the kernel keeps with the link. */
  readonly alias?: string;
}

function linkHeader(index: number, up: boolean | undefined, family: number = AF.UNSPEC): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt8(family, 0);
  header.writeInt32LE(index, 4);
  header.writeUInt32LE(up === true ? UP : 0, 8);
  header.writeUInt32LE(up === undefined ? 0 : UP, 12);
  return header;
}

function linkAttributes(change: LinkChange): Buffer[] {
  return [
    ...(change.name === undefined ? [] : [attribute(IFLA.NAME, change.name)]),
    ...(change.mac === undefined ? [] : [attribute(IFLA.ADDRESS, macBytes(change.mac))]),
    ...(change.mtu === undefined ? [] : [attribute(IFLA.MTU, change.mtu)]),
    ...(change.master === undefined ? [] : [attribute(IFLA.MASTER, change.master)]),
    ...(change.alias === undefined ? [] : [attribute(IFLA.ALIAS, change.alias)]),
  ];
}

const CREATE = NLM.REQUEST | NLM.ACK | NLM.CREATE | NLM.EXCL;

export function bridgeRequest(link: LinkChange & { readonly name: string }): Request {
  return {
    type: RTM.NEWLINK,
    flags: CREATE,
    body: [
      linkHeader(0, link.up),
      ...linkAttributes(link),
      nested(IFLA.INFO, [attribute(INFO.KIND, Buffer.from('bridge'))]),
    ],
  };
}

/** Both ends at once, the peer straight in the namespace that `namespace` is an open descriptor of. */
export function vethRequest(
  link: LinkChange & { readonly name: string },
  peer: LinkChange & { readonly name: string; readonly namespace: number },
): Request {
  const end = Buffer.concat([
    linkHeader(0, peer.up),
    ...linkAttributes(peer),
    attribute(IFLA.NAMESPACE_FD, peer.namespace),
  ]);
  return {
    type: RTM.NEWLINK,
    flags: CREATE,
    body: [
      linkHeader(0, link.up),
      ...linkAttributes(link),
      nested(IFLA.INFO, [
        attribute(INFO.KIND, Buffer.from('veth')),
        nested(INFO.DATA, [attribute(VETH_PEER | 0x8000, end)]),
      ]),
    ],
  };
}

/** A link of its own hardware address over `parent`, straight in the namespace that `namespace` is an open descriptor of. */
export function macvlanRequest(
  link: LinkChange & {
    readonly name: string;
    readonly namespace: number;
    readonly parent: number;
    readonly mode: number;
  },
): Request {
  return {
    type: RTM.NEWLINK,
    flags: CREATE,
    body: [
      linkHeader(0, link.up),
      ...linkAttributes(link),
      attribute(IFLA.LINK, link.parent),
      attribute(IFLA.NAMESPACE_FD, link.namespace),
      nested(IFLA.INFO, [
        attribute(INFO.KIND, Buffer.from('macvlan')),
        nested(INFO.DATA, [attribute(MACVLAN_MODE, link.mode)]),
      ]),
    ],
  };
}

/** Who has an address on a link: kept until it is taken away, whatever others on the wire say. */
export function neighbourRequest(link: number, address: Uint8Array, mac: string | undefined): Request {
  const header = Buffer.alloc(12);
  header.writeUInt8(address.length === 4 ? AF.INET : AF.INET6, 0);
  header.writeUInt32LE(link, 4);
  header.writeUInt16LE(mac === undefined ? 0 : PERMANENT, 8);
  return {
    type: mac === undefined ? RTM.DELNEIGH : RTM.NEWNEIGH,
    flags: NLM.REQUEST | NLM.ACK | (mac === undefined ? 0 : NLM.CREATE | NLM.REPLACE),
    body: [header, attribute(1, address), ...(mac === undefined ? [] : [attribute(2, macBytes(mac))])],
  };
}

export function changeRequest(index: number, change: LinkChange): Request {
  return {
    type: RTM.NEWLINK,
    flags: NLM.REQUEST | NLM.ACK,
    body: [linkHeader(index, change.up), ...linkAttributes(change)],
  };
}

/** What a bridge does with one of its ports. */
export interface PortChange {
  /** It reaches only the bridge itself. */
  readonly isolated?: boolean;
  /** What comes from it may go back to it. */
  readonly hairpin?: boolean;
  /** It leads elsewhere only by entries: nothing is learned from it, nothing flooded to it, and the bridge answers for who is behind it. */
  readonly byEntries?: boolean;
}

export function portRequest(index: number, port: PortChange): Request {
  return {
    type: RTM.SETLINK,
    flags: NLM.REQUEST | NLM.ACK,
    body: [
      linkHeader(index, undefined, AF.BRIDGE),
      nested(IFLA.PORT, [
        ...(port.hairpin === undefined ? [] : [byteAttribute(PORT.HAIRPIN, Number(port.hairpin))]),
        ...(port.isolated === undefined ? [] : [byteAttribute(PORT.ISOLATED, Number(port.isolated))]),
        ...(port.byEntries === undefined ? [] : byEntries(port.byEntries)),
      ]),
    ],
  };
}

function byEntries(on: boolean): Buffer[] {
  const floods = [PORT.LEARNING, PORT.UNICAST_FLOOD, PORT.MULTICAST_FLOOD, PORT.BROADCAST_FLOOD];
  return [
    ...floods.map((flag) => byteAttribute(flag, Number(!on))),
    byteAttribute(PORT.NEIGHBOUR_SUPPRESS, Number(on)),
  ];
}

/** A link to other hosts by UDP; whom it reaches is said by entries alone. */
export function vxlanRequest(
  link: LinkChange & { readonly name: string; readonly vni: number; readonly port: number },
): Request {
  const port = Buffer.alloc(2);
  port.writeUInt16BE(link.port, 0);
  return {
    type: RTM.NEWLINK,
    flags: CREATE,
    body: [
      linkHeader(0, link.up),
      ...linkAttributes(link),
      nested(IFLA.INFO, [
        attribute(INFO.KIND, Buffer.from('vxlan')),
        nested(INFO.DATA, [
          attribute(VXLAN.ID, link.vni),
          byteAttribute(VXLAN.LEARNING, 0),
          attribute(VXLAN.PORT, port),
        ]),
      ]),
    ],
  };
}

const NTF = { SELF: 2, MASTER: 4 } as const;
const NUD = { PERMANENT: 0x80, NOARP: 0x40, STALE: 4 } as const;

/** A hardware address behind a VXLAN link: `host` (4 or 16 bytes) takes packets for it. Both the link and its bridge know it. */
export interface ForwardingEntry {
  readonly link: number;
  /** `02:42:…` */
  readonly mac: string;
  readonly host: Uint8Array;
}

/** One that the kernel holds for the same address goes to the new host. */
export function forwardingRequests({ link, mac, host }: ForwardingEntry, add: boolean): Request[] {
  const head = (state: number, flags: number): Buffer => {
    const header = Buffer.alloc(12);
    header.writeUInt8(AF.BRIDGE, 0);
    header.writeUInt32LE(link, 4);
    header.writeUInt16LE(state, 8);
    header.writeUInt8(flags, 10);
    return header;
  };
  const type = add ? RTM.NEWNEIGH : RTM.DELNEIGH;
  const flags = NLM.REQUEST | NLM.ACK | (add ? NLM.CREATE | NLM.REPLACE : 0);
  const address = attribute(2, macBytes(mac));
  return [
    { type, flags, body: [head(NUD.NOARP | NUD.PERMANENT, NTF.SELF), address, attribute(1, host)] },
    { type, flags, body: [head(NUD.NOARP, NTF.MASTER), address] },
  ];
}

export interface Neighbour {
  readonly link: number;
  readonly address: Buffer | undefined;
  readonly mac: string;
  readonly permanent: boolean;
  /** Of a bridge's or VXLAN's forwarding table. */
  readonly forwarding: boolean;
  /** It is the bridge that knows it, not the link itself. */
  readonly ofMaster: boolean;
}

export function readNeighbour({ payload }: Message): Neighbour {
  const found = attributes(payload.subarray(12));
  const state = payload.readUInt16LE(8);
  return {
    link: payload.readInt32LE(4),
    address: found.get(1),
    mac: macText(found.get(2) ?? Buffer.alloc(0)),
    permanent: (state & NUD.PERMANENT) !== 0,
    forwarding: payload.readUInt8(0) === AF.BRIDGE,
    ofMaster: found.has(9),
  };
}

/** Neighbours of a family, or with `bridge` the forwarding tables. */
export function neighboursRequest(family: 'ip' | 'bridge', link: number): Request {
  const header = Buffer.alloc(12);
  header.writeUInt8(family === 'bridge' ? AF.BRIDGE : AF.UNSPEC, 0);
  header.writeUInt32LE(family === 'bridge' ? link : 0, 4);
  const only = family === 'ip' ? [attribute(8, link)] : [];
  return { type: RTM.GETNEIGH, flags: NLM.REQUEST | NLM.DUMP, body: [header, ...only] };
}

/** Priority of rules that are asked before the main table, which has 32766. */
const BEFORE_MAIN = 1000;

/** Packets that carry a mark are routed by a table of their own; IPv4. */
export function ruleRequest(rule: { readonly mark: number; readonly table: number }, add: boolean): Request {
  const header = Buffer.alloc(12);
  header.writeUInt8(AF.INET, 0);
  header.writeUInt8(1, 7); // to a table
  return {
    type: add ? RTM.NEWRULE : RTM.DELRULE,
    flags: NLM.REQUEST | NLM.ACK | (add ? NLM.CREATE | NLM.EXCL : 0),
    body: [header, attribute(10, rule.mark), attribute(15, rule.table), attribute(6, BEFORE_MAIN)],
  };
}

export function deleteLinkRequest(index: number): Request {
  return { type: RTM.DELLINK, flags: NLM.REQUEST | NLM.ACK, body: [linkHeader(index, undefined)] };
}

/** Puts a link into a group. */
export function groupRequest(index: number, group: number): Request {
  return { ...changeRequest(index, {}), body: [linkHeader(index, undefined), attribute(IFLA.GROUP, group)] };
}

/** All links of a group at once: the kernel waits for its readers once, not for every link. */
export function deleteGroupRequest(group: number): Request {
  return {
    type: RTM.DELLINK,
    flags: NLM.REQUEST | NLM.ACK,
    body: [linkHeader(0, undefined), attribute(IFLA.GROUP, group)],
  };
}

/** `address` is 4 or 16 bytes, `prefix` a number of bits. */
export function addressRequest(index: number, address: Uint8Array, prefix: number): Request {
  const v4 = address.length === 4;
  const header = Buffer.alloc(8);
  header.writeUInt8(v4 ? AF.INET : AF.INET6, 0);
  header.writeUInt8(prefix, 1);
  header.writeUInt8(v4 ? PERMANENT : PERMANENT | NODAD, 2);
  header.writeUInt32LE(index, 4);
  const broadcast = v4 && prefix < 31 ? [attribute(4, broadcastOf(address, prefix))] : [];
  return {
    type: RTM.NEWADDR,
    flags: NLM.REQUEST | NLM.ACK | NLM.CREATE | NLM.REPLACE,
    body: [header, attribute(2, address), attribute(1, address), ...broadcast],
  };
}

function broadcastOf(address: Uint8Array, prefix: number): Buffer {
  const value = Buffer.from(address).readUInt32BE(0);
  const out = Buffer.alloc(4);
  out.writeUInt32BE((value | (2 ** (32 - prefix) - 1)) >>> 0, 0);
  return out;
}

/** Without `destination` the default route; without `gateway` the destination is on the link itself. */
export function routeRequest(route: {
  readonly destination?: { readonly address: Uint8Array; readonly prefix: number };
  readonly gateway?: Uint8Array;
  readonly link: number;
  /** Without it the main one. */
  readonly table?: number;
}): Request {
  const header = Buffer.alloc(12);
  const family = (route.gateway ?? route.destination?.address)?.length;
  header.writeUInt8(family === 4 ? AF.INET : AF.INET6, 0);
  header.writeUInt8(route.destination?.prefix ?? 0, 1);
  header.writeUInt8(route.table === undefined ? 254 : 0, 4); // the main table, or the one that is named below
  header.writeUInt8(3, 5); // made by an administrator's program, not by the kernel
  if (!route.gateway && family === 4) header.writeUInt8(253, 6); // nobody is between
  header.writeUInt8(1, 7); // unicast
  return {
    type: RTM.NEWROUTE,
    flags: NLM.REQUEST | NLM.ACK | NLM.CREATE | NLM.REPLACE,
    body: [
      header,
      ...(route.destination ? [attribute(1, route.destination.address)] : []),
      ...(route.gateway ? [attribute(5, route.gateway)] : []),
      attribute(4, route.link),
      ...(route.table === undefined ? [] : [attribute(ROUTE_TABLE, route.table)]),
    ],
  };
}

/** `link`: of one link only; `table`: of one routing table only. A kernel that cannot choose gives all. */
export function listRequest(type: number, { link = 0, table = 0 }: { link?: number; table?: number } = {}): Request {
  const body = Buffer.alloc(type === RTM.GETLINK ? 16 : type === RTM.GETADDR ? 8 : 12);
  if (type === RTM.GETADDR) body.writeUInt32LE(link, 4);
  const chosen = type === RTM.GETROUTE && table !== 0 ? [attribute(ROUTE_TABLE, table)] : [];
  return { type, flags: NLM.REQUEST | NLM.DUMP, body: [body, ...chosen] };
}

/** By name or by index. */
export const oneLinkRequest = (which: string | number): Request => ({
  type: RTM.GETLINK,
  flags: NLM.REQUEST,
  body:
    typeof which === 'number'
      ? [linkHeader(which, undefined)]
      : [linkHeader(0, undefined), attribute(IFLA.NAME, which)],
});

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  readonly mtu: number;
  readonly mac: string;
  /** 0 for none. */
  readonly master: number;
  /** `bridge`, `veth`, or empty for hardware. */
  readonly kind: string;
  readonly alias: string;
}

export function readLink({ payload }: Message): Link {
  const found = attributes(payload.subarray(16));
  const info = attributes(found.get(IFLA.INFO) ?? Buffer.alloc(0));
  return {
    index: payload.readInt32LE(4),
    name: textOf(found.get(IFLA.NAME)),
    up: (payload.readUInt32LE(8) & UP) !== 0,
    mtu: found.get(IFLA.MTU)?.readUInt32LE(0) ?? 0,
    mac: macText(found.get(IFLA.ADDRESS) ?? Buffer.alloc(0)),
    master: found.get(IFLA.MASTER)?.readUInt32LE(0) ?? 0,
    kind: textOf(info.get(INFO.KIND)),
    alias: textOf(found.get(IFLA.ALIAS)),
  };
}

export interface LinkAddress {
  readonly link: number;
  readonly address: Buffer;
  readonly prefix: number;
}

export function readAddress({ payload }: Message): LinkAddress {
  const found = attributes(payload.subarray(8));
  return {
    link: payload.readUInt32LE(4),
    address: found.get(2) ?? found.get(1) ?? Buffer.alloc(0),
    prefix: payload.readUInt8(1),
  };
}

export interface Route {
  /** undefined for the default route. */
  readonly destination: Buffer | undefined;
  readonly prefix: number;
  readonly gateway: Buffer | undefined;
  readonly link: number;
  readonly table: number;
}

export function readRoute({ payload }: Message): Route {
  const found = attributes(payload.subarray(12));
  return {
    destination: found.get(1),
    prefix: payload.readUInt8(1),
    gateway: found.get(5),
    link: found.get(4)?.readUInt32LE(0) ?? 0,
    table: found.get(ROUTE_TABLE)?.readUInt32LE(0) ?? payload.readUInt8(4),
  };
}

export function macBytes(text: string): Buffer {
  return Buffer.from(text.replaceAll(/[:.-]/g, ''), 'hex');
}

export function macText(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

// A daemon's nftables tables: what may pass, whose source is hidden, where published ports lead. The rules stay, sets say for whom. Pure.
import type { SetElement } from '../../host/netlink/index.ts';
import type { Family } from '../../base/address.ts';
import { addressValue, blockValue, elementText, entryText, link, portValue, protocolValue } from './elements.ts';
import type { GatewayMode } from '../model/options.ts';

export interface BridgeRules {
  readonly bridge: string;
  /** CIDR blocks, both families, with how each leaves the network. */
  readonly subnets: readonly {
    readonly family: Family;
    readonly block: string;
    readonly mode: GatewayMode;
    /** Address of the host that packets leave with; undefined for that of the link. */
    readonly source: string | undefined;
  }[];
  readonly internal: boolean;
  readonly icc: boolean;
  readonly masquerade: boolean;
  /** Links of the host over which published ports are reached at the containers' own addresses. */
  readonly trusted: readonly string[];
}

/** One published port: connections to `hostAddress` (undefined: any of this host's) go to the container. */
export interface PublishRule {
  readonly family: Family;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly hostAddress: string | undefined;
  /** 0 where the port is open at the container's own address only. */
  readonly hostPort: number;
  readonly address: string;
  readonly port: number;
}

/** An IPv6 port of the host for a container without IPv6: the daemon copies it, the rules know nothing of it. */
export function isCopied({ family, address }: Pick<PublishRule, 'family' | 'address'>): boolean {
  return family === 6 && address !== '' && !address.includes(':');
}

/** The table's sets and maps. Its rules are always the same: what networks and ports are there is in these. */
const SETS: Readonly<Record<string, { readonly type: string; readonly interval?: true }>> = {
  bridges: { type: 'ifname' },
  /** Bridges whose containers may get out. */
  outward: { type: 'ifname' },
  /** From which bridge to which. */
  between: { type: 'ifname . ifname : verdict' },
  coming: { type: 'ifname : verdict' },
  going: { type: 'ifname : verdict' },
  /** A link of the host, and the bridge that it may reach. */
  trusted: { type: 'ifname . ifname' },
  ...forFamilies((family) => ({
    /** Published ports: of one address of the host's, and of any. */
    bound: { type: `${type(family)} . inet_proto . inet_service : ${type(family)} . inet_service` },
    open: { type: `inet_proto . inet_service : ${type(family)} . inet_service` },
    /** What is published, at the containers' own addresses. */
    direct: { type: `${type(family)} . inet_proto . inet_service` },
    /** Bridges with the blocks that are at home there. */
    home: { type: `ifname . ${type(family)}`, interval: true },
    /** Blocks that leave behind an address of the host: that of the link, or this one. */
    hidden: { type: type(family), interval: true },
    source: { type: `${type(family)} : ${type(family)}`, interval: true },
    /** Bridges on which all that is published, or simply all, is reached at the containers' own addresses. */
    routed: { type: 'ifname' },
    unprotected: { type: 'ifname' },
  })),
};

/** `bound4`, `bound6`, … */
function forFamilies<T>(make: (family: Family) => Readonly<Record<string, T>>): Record<string, T> {
  const both = ([4, 6] as const).flatMap((family) =>
    Object.entries(make(family)).map(([name, one]) => [`${name}${family}`, one] as const),
  );
  return Object.fromEntries(both);
}

/** Everything is accepted but what concerns the daemon's own bridges; other tables have their own say. */
const CHAINS: Readonly<Record<string, readonly string[]>> = {
  /** The bridges take packets for 127.0.0.1 (the host's own way to published ports); nobody on them may send such. */
  guard: ['type filter hook prerouting priority raw; policy accept;', 'ip daddr 127.0.0.0/8 iifname @bridges drop'],
  /**
   * The loopback's addresses lead to containers for the host itself alone: a packet for 127.0.0.1 that comes in over a wire must
   * not be led on before the kernel has thrown it away; ::1 cannot be translated.
   */
  prerouting: [
    'type nat hook prerouting priority dstnat; policy accept;',
    'ip daddr 127.0.0.0/8 accept',
    'ip6 daddr ::1 accept',
    ...published(),
  ],
  output: ['type nat hook output priority -100; policy accept;', 'ip6 daddr ::1 accept', ...published()],
  postrouting: [
    'type nat hook postrouting priority srcnat; policy accept;',
    // to a published port from the host's loopback, and from a container of the same network
    'oifname @outward ip saddr 127.0.0.0/8 masquerade',
    ...([4, 6] as const).map((f) => `oifname . ${ip(f)} saddr @home${f} ct status dnat masquerade`),
    ...([4, 6] as const).map((f) => `oifname . ${ip(f)} saddr @home${f} accept`),
    ...([4, 6] as const).map((f) => `${ip(f)} saddr @hidden${f} masquerade`),
    ...([4, 6] as const).map((f) => `snat ${ip(f)} to ${ip(f)} saddr map @source${f}`),
  ],
  /** Between containers of a network that keeps them from each other. */
  apart: ['ct state established,related accept', 'ct status dnat accept', 'drop'],
  /** To a bridge from elsewhere: neither other networks nor the world reach a port that is not published. */
  entering: [
    'ct state established,related accept',
    'ct status dnat accept',
    ...([4, 6] as const).flatMap((f) => [
      `oifname @routed${f} ${direct(f)}`,
      `oifname @routed${f} meta nfproto ipv${f} meta l4proto ${f === 4 ? 1 : 58} accept`,
      `oifname @unprotected${f} meta nfproto ipv${f} accept`,
      `iifname . oifname @trusted ${direct(f)}`,
    ]),
    'drop',
  ],
  forward: [
    'type filter hook forward priority filter; policy accept;',
    'iifname . oifname vmap @between',
    'iifname vmap @coming',
    'oifname vmap @going',
  ],
};

function published(): string[] {
  return ([4, 6] as const).flatMap((f) => {
    const to = `fib daddr type local meta nfproto ipv${f} dnat ${ip(f)} to`;
    return [
      `${to} ${ip(f)} daddr . meta l4proto . th dport map @bound${f}`,
      `${to} meta l4proto . th dport map @open${f}`,
    ];
  });
}

function direct(family: Family): string {
  return `${ip(family)} daddr . meta l4proto . th dport @direct${family} accept`;
}

function ip(family: Family): string {
  return family === 4 ? 'ip' : 'ip6';
}

function type(family: Family): string {
  return family === 4 ? 'ipv4_addr' : 'ipv6_addr';
}

/** What the table says of one network. */
export function elementsOfBridge(network: BridgeRules): SetElement[] {
  const { internal, icc, masquerade, subnets, trusted } = network;
  const bridge = link(network.bridge);
  const drop = { verdict: 'drop' } as const;
  const modes = (mode: GatewayMode): Family[] => [
    ...new Set(subnets.filter((one) => one.mode === mode).map(({ family }) => family)),
  ];
  const own: SetElement[] = [
    { set: 'bridges', key: [bridge] },
    { set: 'between', key: [bridge, bridge], to: icc ? { verdict: 'accept' } : { verdict: 'jump', chain: 'apart' } },
  ];
  if (internal) return [...own, { set: 'coming', key: [bridge], to: drop }, { set: 'going', key: [bridge], to: drop }];
  return [
    ...own,
    { set: 'outward', key: [bridge] },
    { set: 'going', key: [bridge], to: { verdict: 'jump', chain: 'entering' } },
    ...subnets.map(({ family, block }) => ({ set: `home${family}`, key: [bridge, blockValue(block)] })),
    ...subnets
      .filter(({ mode }) => masquerade && (mode === 'nat' || mode === 'nat-unprotected'))
      .map(({ family, block, source }) => ({
        ...(source === undefined ? { set: `hidden${family}` } : { set: `source${family}`, to: [addressValue(source)] }),
        key: [blockValue(block)],
      })),
    ...modes('routed').map((family) => ({ set: `routed${family}`, key: [bridge] })),
    ...modes('nat-unprotected').map((family) => ({ set: `unprotected${family}`, key: [bridge] })),
    ...trusted.map((from) => ({ set: 'trusted', key: [link(from), bridge] })),
  ];
}

/** What the table says of one container's ports. */
export function elementsOfPorts(ports: readonly PublishRule[]): SetElement[] {
  const led = ports.filter((rule) => !isCopied(rule));
  const elements = led.flatMap((rule): SetElement[] => {
    const { family, hostAddress } = rule;
    const here = [protocolValue(rule.protocol), portValue(rule.hostPort)];
    const to = [addressValue(rule.address), portValue(rule.port)];
    const open = rule.hostPort !== 0 && hostAddress !== '::1';
    return [
      { set: `direct${family}`, key: [addressValue(rule.address), protocolValue(rule.protocol), portValue(rule.port)] },
      ...(open && hostAddress === undefined ? [{ set: `open${family}`, key: here, to }] : []),
      ...(open && hostAddress !== undefined
        ? [{ set: `bound${family}`, key: [addressValue(hostAddress), ...here], to }]
        : []),
    ];
  });
  return [...new Map(elements.map((one) => [elementText(one), one])).values()];
}

/**
 * One transaction: the table is made anew with these elements, so that whatever was there before is gone; an empty chain of the
 * name `mark` says which telling it was.
 */
export function firewallText(table: string, elements: readonly SetElement[], mark: string): string {
  const inSet = Map.groupBy(elements, ({ set }) => set);
  const lines = [
    `table inet ${table} {`,
    ...Object.entries(SETS).flatMap(([name, { type: kind, interval }]) => {
      const all = inSet.get(name) ?? [];
      return [
        `  ${kind.includes(' : ') ? 'map' : 'set'} ${name} {`,
        `    type ${kind}`,
        ...(interval ? ['    flags interval'] : []),
        ...(all.length === 0 ? [] : [`    elements = { ${all.map(entryText).join(', ')} }`]),
        '  }',
      ];
    }),
    ...Object.entries(CHAINS).flatMap(([name, rules]) => [
      `  chain ${name} {`,
      ...rules.map((rule) => `    ${rule}`),
      '  }',
    ]),
    `  chain ${mark} {`,
    '  }',
    '}',
  ];
  return `add table inet ${table}\ndelete table inet ${table}\n${lines.join('\n')}\n`;
}

/** A network whose containers may talk to each other. */
export interface CarriedBridge {
  /** The host's ends of the pairs whose peers have these addresses. */
  readonly members: readonly {
    readonly link: string;
    readonly addresses: readonly { readonly family: Family; readonly address: string }[];
  }[];
}

/**
 * Where the host passes bridged packets through its own filter (br_netfilter), a policy of somebody else's table would cut
 * the containers of one network off from each other. Their packets are then carried from port to port before any filter.
 */
export function carryText(table: string, bridges: readonly CarriedBridge[]): string {
  const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');
  const chains = bridges
    .filter(({ members }) => members.length > 1)
    .flatMap(({ members }, index) => [
      `  chain net${index} {`,
      `    type filter hook ingress devices = { ${quoted(members.map((one) => one.link))} } priority filter; policy accept;`,
      ...([4, 6] as const).flatMap((family) => {
        const targets = members.flatMap((one) =>
          one.addresses.filter((own) => own.family === family).map(({ address }) => `${address} : "${one.link}"`),
        );
        return targets.length === 0 ? [] : [`    fwd to ${ip(family)} daddr map { ${targets.join(', ')} }`];
      }),
      '  }',
    ]);
  const head = `add table netdev ${table}\ndelete table netdev ${table}\n`;
  return chains.length === 0 ? head : `${head}table netdev ${table} {\n${chains.join('\n')}\n}\n`;
}

/** Takes everything of this daemon out of the kernel. */
export function removeText(table: string): string {
  return [`inet ${table}`, `netdev ${table}`, `inet ${meshTable(table)}`]
    .map((name) => `add table ${name}\ndelete table ${name}\n`)
    .join('');
}

/** The one of published ports of the cluster. */
export function meshTable(table: string): string {
  return `${table}_mesh`;
}

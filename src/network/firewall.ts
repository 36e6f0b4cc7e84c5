// The text of a daemon's nftables tables: what may pass, whose source is hidden, where published ports lead. Pure.
import type { Family } from './address.ts';
import type { GatewayMode } from './options.ts';

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
  /** The host's ends of the pairs whose peers have these addresses. */
  readonly members: readonly {
    readonly link: string;
    readonly addresses: readonly { family: Family; address: string }[];
  }[];
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

export interface FirewallInput {
  readonly table: string;
  readonly bridges: readonly BridgeRules[];
  readonly published: readonly PublishRule[];
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');
const ip = (family: Family): string => (family === 4 ? 'ip' : 'ip6');
const type = (family: Family): string => (family === 4 ? 'ipv4_addr' : 'ipv6_addr');

/**
 * One transaction: the table is made anew, so that whatever was there before is gone.
 * Everything is accepted but what concerns the daemon's own bridges; other tables have their own say.
 */
export function firewallText(input: FirewallInput): string {
  const { table, bridges } = input;
  const lines = [
    `table inet ${table} {`,
    ...publishMaps(input.published),
    ...directSets(bridges, input.published),
    ...chain('guard', 'filter hook prerouting priority raw', guardRules(bridges)),
    ...chain('prerouting', 'nat hook prerouting priority dstnat', dnatRules(input.published, 'prerouting')),
    ...chain('output', 'nat hook output priority -100', dnatRules(input.published, 'output')),
    ...chain('postrouting', 'nat hook postrouting priority srcnat', sourceRules(bridges)),
    ...chain('forward', 'filter hook forward priority filter', forwardRules(bridges)),
    '}',
  ];
  return `add table inet ${table}\ndelete table inet ${table}\n${lines.join('\n')}\n`;
}

function chain(name: string, hook: string, rules: readonly string[]): string[] {
  return [`  chain ${name} {`, `    type ${hook}; policy accept;`, ...rules.map((rule) => `    ${rule}`), '  }'];
}

/** The bridges take packets for 127.0.0.1 (the host's own way to published ports); nobody on them may send such. */
function guardRules(bridges: readonly BridgeRules[]): string[] {
  if (bridges.length === 0) return [];
  return [`iifname { ${quoted(bridges.map(({ bridge }) => bridge))} } ip daddr 127.0.0.0/8 drop`];
}

function publishMaps(published: readonly PublishRule[]): string[] {
  return ([4, 6] as const).flatMap((family) => {
    const own = published.filter((rule) => rule.family === family && rule.hostPort !== 0 && rule.hostAddress !== '::1');
    const bound = own.filter((rule) => rule.hostAddress !== undefined);
    const open = own.filter((rule) => rule.hostAddress === undefined);
    const target = (rule: PublishRule): string => `${rule.address} . ${rule.port}`;
    return [
      ...map(
        `bound${family}`,
        `${type(family)} . inet_proto . inet_service : ${type(family)} . inet_service`,
        bound.map((rule) => `${rule.hostAddress} . ${rule.protocol} . ${rule.hostPort} : ${target(rule)}`),
      ),
      ...map(
        `open${family}`,
        `inet_proto . inet_service : ${type(family)} . inet_service`,
        open.map((rule) => `${rule.protocol} . ${rule.hostPort} : ${target(rule)}`),
      ),
    ];
  });
}

function map(name: string, kind: string, elements: readonly string[]): string[] {
  if (elements.length === 0) return [];
  return [`  map ${name} {`, `    type ${kind}`, `    elements = { ${elements.join(', ')} }`, '  }'];
}

/** What is published, at the containers' own addresses, where somebody may reach it there. */
function directSets(bridges: readonly BridgeRules[], published: readonly PublishRule[]): string[] {
  if (!bridges.some((bridge) => bridge.trusted.length > 0 || modesOf(bridge, 'routed').length > 0)) return [];
  return ([4, 6] as const).flatMap((family) => {
    const elements = published
      .filter((rule) => rule.family === family)
      .map((rule) => `${rule.address} . ${rule.protocol} . ${rule.port}`);
    return [
      `  set direct${family} {`,
      `    type ${type(family)} . inet_proto . inet_service`,
      ...(elements.length === 0 ? [] : [`    elements = { ${[...new Set(elements)].join(', ')} }`]),
      '  }',
    ];
  });
}

const modesOf = ({ subnets }: BridgeRules, mode: GatewayMode): Family[] => [
  ...new Set(subnets.filter((one) => one.mode === mode).map(({ family }) => family)),
];

/**
 * The loopback's addresses lead to containers for the host itself alone: a packet for 127.0.0.1 that comes in over a wire must not
 * be led on before the kernel has thrown it away; ::1 cannot be translated.
 */
function dnatRules(published: readonly PublishRule[], hook: 'prerouting' | 'output'): string[] {
  const rules = ([4, 6] as const).flatMap((family) => {
    const has = (bound: boolean): boolean =>
      published.some(
        (rule) =>
          rule.family === family &&
          rule.hostPort !== 0 &&
          rule.hostAddress !== '::1' &&
          (rule.hostAddress !== undefined) === bound,
      );
    const to = `fib daddr type local meta nfproto ipv${family} dnat ${ip(family)} to`;
    return [
      ...(has(true) ? [`${to} ${ip(family)} daddr . meta l4proto . th dport map @bound${family}`] : []),
      ...(has(false) ? [`${to} meta l4proto . th dport map @open${family}`] : []),
    ];
  });
  if (rules.length === 0) return [];
  return [...(hook === 'prerouting' ? ['ip daddr 127.0.0.0/8 accept'] : []), 'ip6 daddr ::1 accept', ...rules];
}

function sourceRules(bridges: readonly BridgeRules[]): string[] {
  return bridges
    .filter(({ internal }) => !internal)
    .flatMap(({ bridge, subnets, masquerade }) => [
      ...subnets
        .filter(({ mode }) => masquerade && (mode === 'nat' || mode === 'nat-unprotected'))
        .map(({ family, block, source }) => {
          const to = source === undefined ? 'masquerade' : `snat ${ip(family)} to ${source}`;
          return `oifname != "${bridge}" ${ip(family)} saddr ${block} ${to}`;
        }),
      // to a published port from the host's loopback, and from a container of the same network
      `oifname "${bridge}" ip saddr 127.0.0.0/8 masquerade`,
      ...subnets.map(
        ({ family, block }) => `oifname "${bridge}" ${ip(family)} saddr ${block} ct status dnat masquerade`,
      ),
    ]);
}

function forwardRules(bridges: readonly BridgeRules[]): string[] {
  const names = bridges.map(({ bridge }) => bridge);
  if (names.length === 0) return [];
  const internal = bridges.filter((one) => one.internal).map(({ bridge }) => bridge);
  const within = (icc: boolean): string[] => {
    const pairs = bridges.filter((one) => one.icc === icc).map(({ bridge }) => `"${bridge}" . "${bridge}"`);
    return pairs.length === 0 ? [] : [`iifname . oifname { ${pairs.join(', ')} }`];
  };
  return [
    ...within(true).map((match) => `${match} accept`),
    ...within(false).flatMap((match) => [
      `${match} ct state established,related accept`,
      `${match} ct status dnat accept`,
      `${match} drop`,
    ]),
    ...(internal.length === 0 ? [] : [`iifname { ${quoted(internal)} } drop`, `oifname { ${quoted(internal)} } drop`]),
    `oifname { ${quoted(names)} } ct state established,related accept`,
    `oifname { ${quoted(names)} } ct status dnat accept`,
    ...bridges.filter((one) => !one.internal).flatMap(directRules),
    // neither other networks nor the world reach a port that is not published
    `oifname { ${quoted(names)} } drop`,
    `iifname { ${quoted(names)} } accept`,
  ];
}

/** What reaches containers at their own addresses. */
function directRules(bridge: BridgeRules): string[] {
  const to = `oifname "${bridge.bridge}"`;
  const published = (family: Family): string => `${ip(family)} daddr . meta l4proto . th dport @direct${family} accept`;
  return [
    ...modesOf(bridge, 'routed').flatMap((family) => [
      `${to} ${published(family)}`,
      `${to} meta nfproto ipv${family} meta l4proto ${family === 4 ? 'icmp' : 'ipv6-icmp'} accept`,
    ]),
    ...modesOf(bridge, 'nat-unprotected').map((family) => `${to} meta nfproto ipv${family} accept`),
    ...(bridge.trusted.length === 0
      ? []
      : ([4, 6] as const).map((family) => `iifname { ${quoted(bridge.trusted)} } ${to} ${published(family)}`)),
  ];
}

/**
 * Where the host passes bridged packets through its own filter (br_netfilter), a policy of somebody else's table would cut
 * the containers of one network off from each other. Their packets are then carried from port to port before any filter.
 */
export function switchText({ table, bridges }: Pick<FirewallInput, 'table' | 'bridges'>): string {
  const chains = bridges
    .filter(({ icc, members }) => icc && members.length > 1)
    .flatMap(({ members }, index) => [
      `  chain net${index} {`,
      `    type filter hook ingress devices = { ${quoted(members.map(({ link }) => link))} } priority filter; policy accept;`,
      ...([4, 6] as const).flatMap((family) => {
        const targets = members.flatMap(({ link, addresses }) =>
          addresses.filter((one) => one.family === family).map(({ address }) => `${address} : "${link}"`),
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
  return ['inet', 'netdev'].map((family) => `add table ${family} ${table}\ndelete table ${family} ${table}\n`).join('');
}

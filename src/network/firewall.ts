// The text of a daemon's nftables tables: what may pass, whose source is hidden, where published ports lead. Pure.
import type { Family } from './address.ts';

export interface BridgeRules {
  readonly bridge: string;
  /** CIDR blocks, both families. */
  readonly subnets: readonly { readonly family: Family; readonly block: string }[];
  readonly internal: boolean;
  readonly icc: boolean;
  readonly masquerade: boolean;
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
    ...chain('guard', 'filter hook prerouting priority raw', guardRules(bridges)),
    ...chain('prerouting', 'nat hook prerouting priority dstnat', dnatRules(input.published)),
    ...chain('output', 'nat hook output priority -100', dnatRules(input.published)),
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
    const own = published.filter((rule) => rule.family === family);
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

function dnatRules(published: readonly PublishRule[]): string[] {
  return ([4, 6] as const).flatMap((family) => {
    const has = (bound: boolean): boolean =>
      published.some((rule) => rule.family === family && (rule.hostAddress !== undefined) === bound);
    const to = `fib daddr type local meta nfproto ipv${family} dnat ${ip(family)} to`;
    return [
      ...(has(true) ? [`${to} ${ip(family)} daddr . meta l4proto . th dport map @bound${family}`] : []),
      ...(has(false) ? [`${to} meta l4proto . th dport map @open${family}`] : []),
    ];
  });
}

function sourceRules(bridges: readonly BridgeRules[]): string[] {
  return bridges
    .filter(({ internal }) => !internal)
    .flatMap(({ bridge, subnets, masquerade }) => [
      ...(masquerade
        ? subnets.map(({ family, block }) => `oifname != "${bridge}" ${ip(family)} saddr ${block} masquerade`)
        : []),
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
  return [
    ...bridges.map(
      ({ bridge, icc }) =>
        `iifname "${bridge}" oifname "${bridge}" ${icc ? 'accept' : 'ct state established,related accept'}`,
    ),
    ...bridges
      .filter(({ icc }) => !icc)
      .flatMap(({ bridge }) => [
        `iifname "${bridge}" oifname "${bridge}" ct status dnat accept`,
        `iifname "${bridge}" oifname "${bridge}" drop`,
      ]),
    ...(internal.length === 0 ? [] : [`iifname { ${quoted(internal)} } drop`, `oifname { ${quoted(internal)} } drop`]),
    `oifname { ${quoted(names)} } ct state established,related accept`,
    `oifname { ${quoted(names)} } ct status dnat accept`,
    // neither other networks nor the world reach a port that is not published
    `oifname { ${quoted(names)} } drop`,
    `iifname { ${quoted(names)} } accept`,
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

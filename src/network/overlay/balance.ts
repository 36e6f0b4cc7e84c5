// Rules in a container's own namespace: virtual addresses lead to healthy tasks, and what came in by a node goes back over it. Pure.
import { type Family, parseAddress, parseBlock } from '../../base/address.ts';
import { memberMac } from './record.ts';
import type { OverlayState } from '../../spec/berth/index.ts';

export const SERVICES_TABLE = 'berth_services';

/** A node over which connections come in to published ports. */
export interface Origin {
  readonly address: string;
  readonly mac: string;
  /** Of connections that came over it; also the number of the routing table that leads back. */
  readonly mark: number;
}

/** What nftables calls a family, and what names of its chains end with. */
const FAMILY = { 4: { ip: 'ip', suffix: '' }, 6: { ip: 'ip6', suffix: '_6' } } as const;

/** Marks and tables of this kind begin here. */
const MARKS = 0x6272_0000;

/** Of the ingress network; empty for others. */
export function originsOf({ ingress, subnet, members }: OverlayState): Origin[] {
  const block = parseBlock(subnet);
  if (!ingress || !block) return [];
  return members
    .filter(({ isNode }) => isNode === true)
    .flatMap(({ address }) => {
      const parsed = parseAddress(address);
      return parsed ? [{ address, mac: memberMac(address), mark: MARKS + Number(parsed.value - block.value) }] : [];
    });
}

/** Virtual addresses of these networks, each with the addresses of the tasks that take new connections. */
export function virtualAddresses(states: readonly OverlayState[], family: Family = 4): Map<string, readonly string[]> {
  return new Map(
    states.flatMap(({ services, members }) =>
      services.flatMap(({ id, address, address6 }) => {
        const virtual = family === 4 ? address : address6;
        return virtual === undefined ? [] : [[virtual, readyOf(members, id, family)] as const];
      }),
    ),
  );
}

/** Addresses of a service's tasks that take new connections. */
export function readyOf(members: OverlayState['members'], service: string, family: Family = 4): string[] {
  return members
    .filter((one) => one.service === service && one.ready)
    .flatMap(({ address, address6 }) => (family === 4 ? address : (address6 ?? [])));
}

/**
 * The table anew; only taken away where there is nothing to say. `wayOut` is the container's address on the network by which it gets out:
 * what a UDP socket of no address of its own would answer a stranger from.
 */
export function balanceText(states: readonly OverlayState[], wayOut = ''): string {
  const virtual = ([4, 6] as const).map((family) => [...virtualAddresses(states, family)]);
  const origins = states.flatMap(originsOf);
  const head = `add table inet ${SERVICES_TABLE}\ndelete table inet ${SERVICES_TABLE}\n`;
  if (virtual.flat().length + origins.length === 0) return head;
  const balance = ([4, 6] as const).flatMap((family, at) => {
    const some = virtual[at] ?? [];
    if (some.length === 0) return [];
    const { ip, suffix } = FAMILY[family];
    return [
      `  map virtual${suffix} {`,
      `    type ip${family === 4 ? 'v4' : 'v6'}_addr : verdict`,
      `    elements = { ${some.map(([address], index) => `${address} : goto to${index}${suffix}`).join(', ')} }`,
      '  }',
      ...some.flatMap(([, members], index) => [`  chain to${index}${suffix} {`, ...choose(members, { family }), '  }']),
      `  chain output${suffix} {`,
      '    type nat hook output priority -100; policy accept;',
      `    ${ip} daddr vmap @virtual${suffix}`,
      '  }',
    ];
  });
  const back =
    origins.length === 0
      ? []
      : [
          '  map origins {',
          '    type ether_addr : mark',
          `    elements = { ${origins.map(({ mac, mark }) => `${mac} : ${mark}`).join(', ')} }`,
          '  }',
          '  chain arriving {',
          '    type filter hook prerouting priority mangle; policy accept;',
          '    ct state new ct mark set ether saddr map @origins',
          '    ct mark != 0 meta mark set ct mark',
          '  }',
          '  chain leaving {',
          '    type route hook output priority mangle; policy accept;',
          '    ct mark != 0 meta mark set ct mark',
          '  }',
          ...(wayOut === '' ? [] : answering(wayOut)),
        ];
  return `${head}table inet ${SERVICES_TABLE} {\n${[...balance, ...back].join('\n')}\n}\n`;
}

const UNBOUND = ' socket wildcard 1';

/** The kernel chooses the source of such an answer by the main table, before any mark: that is then what it is known by. */
function answering(wayOut: string): string[] {
  return [
    '  chain answering {',
    '    type nat hook prerouting priority dstnat; policy accept;',
    `    meta l4proto udp ct mark & 0xffff0000 == ${MARKS}${UNBOUND} dnat ip to ${wayOut}`,
    '  }',
  ];
}

/** For a kernel that cannot look for the socket: as if none had an address of its own. */
export function withoutSockets(text: string): string {
  return text.replaceAll(UNBOUND, '');
}

/** One of these, each in its turn; what is chosen for nobody must not go on to somebody else. */
export function choose(
  members: readonly string[],
  {
    family = 4,
    port,
  }: { readonly family?: Family; readonly port?: { readonly protocol: string; readonly target: number } } = {},
): string[] {
  const [only] = members;
  const { ip } = FAMILY[family];
  if (only === undefined) return ['    drop'];
  const match = port ? `meta l4proto ${port.protocol} ` : '';
  if (members.length === 1) return [`    ${match}dnat ${ip} to ${only}${port ? `:${port.target}` : ''}`, '    drop'];
  const to = (address: string): string => (port ? `${address} . ${port.target}` : address);
  const map = members.map((address, index) => `${index} : ${to(address)}`).join(', ');
  return [`    ${match}dnat ${ip} to numgen inc mod ${members.length} map { ${map} }`, '    drop'];
}

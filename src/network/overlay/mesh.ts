// Published ports of services on every node: what comes to one is led to a healthy task over the ingress network, its source as it was. Pure.
import { choose, readyOf } from './balance.ts';
import type { OverlayState } from '../../spec/berth/index.ts';

export interface MeshPort {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly published: number;
  readonly target: number;
  /** Addresses of tasks on the ingress network. */
  readonly members: readonly string[];
}

export function meshPorts({ services, members }: OverlayState): MeshPort[] {
  return services.flatMap(({ id, ports }) => ports.map((port) => ({ ...port, members: readyOf(members, id) })));
}

/** The table anew; only taken away where no port is published. `bridge` is the ingress network's. */
export function meshText(table: string, bridge: string, ports: readonly MeshPort[]): string {
  const head = `add table inet ${table}\ndelete table inet ${table}\n`;
  if (bridge === '') return head;
  const link = JSON.stringify(bridge);
  const lines = [
    ...(ports.length === 0
      ? []
      : [
          '  map published {',
          '    type inet_proto . inet_service : verdict',
          `    elements = { ${ports.map(({ protocol, published }, index) => `${protocol} . ${published} : goto to${index}`).join(', ')} }`,
          '  }',
          ...ports.flatMap(({ protocol, target, members }, index) => [
            `  chain to${index} {`,
            ...choose(members, { port: { protocol, target } }),
            '  }',
          ]),
          '  chain arriving {',
          '    type nat hook prerouting priority dstnat; policy accept;',
          '    ip daddr 127.0.0.0/8 accept',
          '    fib daddr type local meta nfproto ipv4 meta l4proto . th dport vmap @published',
          '  }',
          '  chain own {',
          '    type nat hook output priority -100; policy accept;',
          '    fib daddr type local meta nfproto ipv4 meta l4proto . th dport vmap @published',
          '  }',
        ]),
    // the network's block is the cluster's: whatever comes over it may be an answer, and nothing else
    '  chain guard {',
    '    type filter hook prerouting priority raw; policy accept;',
    `    iifname ${link} ip daddr 127.0.0.0/8 drop`,
    '  }',
    '  chain hiding {',
    '    type nat hook postrouting priority srcnat; policy accept;',
    `    oifname ${link} ip saddr 127.0.0.0/8 masquerade`,
    '  }',
    '  chain between {',
    '    type filter hook forward priority filter; policy accept;',
    `    iifname ${link} oifname ${link} accept`,
    `    iifname ${link} ct state established,related accept`,
    `    iifname ${link} drop`,
    `    oifname ${link} ct status dnat accept`,
    `    oifname ${link} drop`,
    '  }',
    '  chain entering {',
    '    type filter hook input priority filter; policy accept;',
    `    iifname ${link} ct state established,related accept`,
    `    iifname ${link} ip protocol icmp accept`,
    `    iifname ${link} drop`,
    '  }',
  ];
  return `${head}table inet ${table} {\n${lines.join('\n')}\n}\n`;
}

// The daemon's settings of networks: dockerd's flags and daemon.json keys, as texts that src/network reads. Pure.
import { isIP } from 'node:net';
import { invalid } from '../base/errors.ts';
import { flag, type Flags } from '../cli/grammar/index.ts';
import { isTable, listOf, type Shape } from './shape.ts';

export const networkFlags = {
  bridge: flag.string('b', 'Attach containers to a network bridge; "none" for no default network'),
  bip: flag.string('', 'IPv4 address for the default bridge'),
  bip6: flag.string('', 'IPv6 address for the default bridge'),
  'default-address-pool': flag.list('', 'Default address pools for node specific local networks'),
  'default-gateway': flag.string('', 'Default gateway IPv4 address for the default bridge network'),
  'default-gateway-v6': flag.string('', 'Default gateway IPv6 address for the default bridge network'),
  'default-network-opt': flag.list('', 'Default network options'),
  dns: flag.list('', 'DNS server to use'),
  'dns-opt': flag.list('', 'DNS options to use'),
  'dns-search': flag.list('', 'DNS search domains to use'),
  'fixed-cidr': flag.string('', 'IPv4 subnet for the default bridge network'),
  'fixed-cidr-v6': flag.string('', 'IPv6 subnet for the default bridge network'),
  'host-gateway-ip': flag.list(
    '',
    "IP addresses that the special 'host-gateway' string in --add-host resolves to. Defaults to the IP addresses of the default bridge",
  ),
  icc: flag.bool('', 'Enable inter-container communication for the default bridge network', true),
  ip: flag.string('', 'Host IP for port publishing from the default bridge network', '0.0.0.0'),
  'ip-forward': flag.bool('', 'Enable IP forwarding in system configuration', true),
  'ip-forward-no-drop': flag.bool('', "Do not drop packets between the host's other links when enabling IP forwarding"),
  'ip-masq': flag.bool('', 'Enable IP masquerading for the default bridge network', true),
  ipv6: flag.bool('', 'Enable IPv6 networking for the default bridge network'),
  mtu: flag.int('', 'Set the MTU for the default "bridge" network (that of the way out when not given)'),
  'publish-policy': flag.string(
    '',
    'Who reaches published ports: all ("open"), or those whom the host firewall lets in ("respect-firewall")',
    'open',
  ),
} as const satisfies Flags;

/** Keys of daemon.json, with the flag that says the same. */
export const networkKeys = {
  bridge: 'bridge',
  bip: 'bip',
  bip6: 'bip6',
  'default-address-pools': 'default-address-pool',
  'default-gateway': 'default-gateway',
  'default-gateway-v6': 'default-gateway-v6',
  'default-network-opts': 'default-network-opt',
  dns: 'dns',
  'dns-opts': 'dns-opt',
  'dns-search': 'dns-search',
  'fixed-cidr': 'fixed-cidr',
  'fixed-cidr-v6': 'fixed-cidr-v6',
  'host-gateway-ip': 'host-gateway-ip',
  'host-gateway-ips': 'host-gateway-ip',
  icc: 'icc',
  ip: 'ip',
  'ip-forward': 'ip-forward',
  'ip-forward-no-drop': 'ip-forward-no-drop',
  'ip-masq': 'ip-masq',
  ipv6: 'ipv6',
  mtu: 'mtu',
  'publish-policy': 'publish-policy',
} as const satisfies Record<string, keyof typeof networkFlags>;

/** The keys whose JSON has another shape than the flag's words; undefined for what does not fit. */
export const networkShapes: Readonly<Record<string, Shape>> = {
  'default-address-pools': (value) =>
    Array.isArray(value)
      ? listOf(value as unknown[], (one) => {
          const { base, size, ...others } = (one ?? {}) as Record<string, unknown>;
          const fits = typeof base === 'string' && typeof size === 'number' && Object.keys(others).length === 0;
          return fits ? `base=${base},size=${size}` : undefined;
        })
      : undefined,
  'default-network-opts': (value) => {
    if (!isTable(value)) return undefined;
    const pairs = Object.entries(value).flatMap(([driver, options]) =>
      isTable(options)
        ? Object.entries(options).map(([key, text]) =>
            typeof text === 'string' ? `${driver}=${key}=${text}` : undefined,
          )
        : [undefined],
    );
    return listOf(pairs, (one) => one);
  },
  'host-gateway-ip': (value) => (typeof value === 'string' ? [value] : undefined),
};

/** As they were written; `src/network` checks them. Empty and 0 mean: not said. */
export interface NetworkOptions {
  readonly addressPools: readonly string[];
  /** `driver=key=value` */
  readonly defaultOptions: readonly string[];
  readonly bridge: string;
  readonly bip: string;
  readonly bip6: string;
  readonly fixedCidr: string;
  readonly fixedCidr6: string;
  readonly gateway: string;
  readonly gateway6: string;
  readonly hostGateways: readonly string[];
  readonly icc: boolean;
  readonly ip: string;
  readonly forwarding: boolean;
  readonly forwardingDrops: boolean;
  readonly masquerade: boolean;
  readonly ipv6: boolean;
  readonly mtu: number;
  /** For containers that say nothing of their own. */
  readonly dns: {
    readonly servers: readonly string[];
    readonly options: readonly string[];
    readonly search: readonly string[];
  };
  readonly publishPolicy: string;
}

function checkedServer(text: string): string {
  if (isIP(text) === 0) throw invalid(`${text} is not an ip address`);
  return text;
}

export function networkOptions(value: (name: keyof typeof networkFlags) => unknown): NetworkOptions {
  const text = (name: keyof typeof networkFlags): string => value(name) as string;
  const list = (name: keyof typeof networkFlags): readonly string[] => value(name) as readonly string[];
  const on = (name: keyof typeof networkFlags): boolean => value(name) as boolean;
  return {
    addressPools: list('default-address-pool'),
    defaultOptions: list('default-network-opt'),
    bridge: text('bridge'),
    bip: text('bip'),
    bip6: text('bip6'),
    fixedCidr: text('fixed-cidr'),
    fixedCidr6: text('fixed-cidr-v6'),
    gateway: text('default-gateway'),
    gateway6: text('default-gateway-v6'),
    hostGateways: list('host-gateway-ip'),
    icc: on('icc'),
    ip: text('ip'),
    forwarding: on('ip-forward'),
    forwardingDrops: !on('ip-forward-no-drop'),
    masquerade: on('ip-masq'),
    ipv6: on('ipv6'),
    mtu: value('mtu') as number,
    dns: { servers: list('dns').map(checkedServer), options: list('dns-opt'), search: list('dns-search') },
    publishPolicy: text('publish-policy'),
  };
}

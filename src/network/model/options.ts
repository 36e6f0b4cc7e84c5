// The drivers' options, read and checked. Pure.
import { isIPv4, isIPv6 } from 'node:net';
import { parseBool } from '../../base/bool.ts';
import { forbidden, invalid } from '../../base/errors.ts';
import type { Family } from '../../base/address.ts';

export const OPTION = {
  mtu: 'com.docker.network.driver.mtu',
  bridge: 'com.docker.network.bridge.name',
  icc: 'com.docker.network.bridge.enable_icc',
  masquerade: 'com.docker.network.bridge.enable_ip_masquerade',
  hostBinding: 'com.docker.network.bridge.host_binding_ipv4',
  interfacePrefix: 'com.docker.network.container_iface_prefix',
  defaultBridge: 'com.docker.network.bridge.default_bridge',
  gatewayMode: {
    4: 'com.docker.network.bridge.gateway_mode_ipv4',
    6: 'com.docker.network.bridge.gateway_mode_ipv6',
  },
  inhibit4: 'com.docker.network.bridge.inhibit_ipv4',
  source: { 4: 'com.docker.network.host_ipv4', 6: 'com.docker.network.host_ipv6' },
  trusted: 'com.docker.network.bridge.trusted_host_interfaces',
  enable: { 4: 'com.docker.network.enable_ipv4', 6: 'com.docker.network.enable_ipv6' },
} as const;

/** Options of one endpoint. */
export const ENDPOINT_OPTION = {
  name: 'com.docker.network.endpoint.ifname',
  sysctls: 'com.docker.network.endpoint.sysctls',
} as const;

/** Reserved addresses that are the way out of a network's containers, as dockerd names them. */
export const DEFAULT_GATEWAY = { 4: 'DefaultGatewayIPv4', 6: 'DefaultGatewayIPv6' } as const;

/**
 * How a family leaves its network and is reached: `nat` behind the host's address; `nat-unprotected` the same with every port
 * of a container open to whom has a route; `routed` with the containers' own addresses, published ports open; `isolated`
 * without an address of the host on the network.
 */
export type GatewayMode = 'nat' | 'nat-unprotected' | 'routed' | 'isolated';
const MODES: readonly string[] = ['nat', 'nat-unprotected', 'routed', 'isolated'];

export interface BridgeOptions {
  /** undefined: that of the way out. */
  readonly mtu: number | undefined;
  readonly name: string | undefined;
  /** Containers on the network reach each other. */
  readonly icc: boolean;
  readonly masquerade: boolean;
  /** Where ports are published that name no address. */
  readonly hostBinding: string | undefined;
  readonly interfacePrefix: string;
  readonly mode: Readonly<Record<Family, GatewayMode>>;
  /** The bridge gets no IPv4 address. */
  readonly inhibit4: boolean;
  /** Address of the host that containers' packets leave with; undefined for that of the link. */
  readonly source: Readonly<Record<Family, string | undefined>>;
  /** Links of the host over which published ports are reached at the containers' own addresses. */
  readonly trusted: readonly string[];
}

type Options = Readonly<Record<string, string>>;

/** Throws invalid in dockerd's words. */
export function bridgeOptions(options: Options): BridgeOptions {
  const mtu = mtuOption(options);
  const name = options[OPTION.bridge];
  if (name !== undefined && (name.length > 15 || /[\s/]/.test(name)))
    throw invalid(`invalid bridge name ${JSON.stringify(name)}: at most 15 characters, no blank and no slash`);
  const hostBinding = options[OPTION.hostBinding];
  if (hostBinding !== undefined && !isIPv4(hostBinding)) throw unreadable(OPTION.hostBinding, hostBinding, 'nil ip');
  return {
    mtu,
    name: name === '' ? undefined : name,
    icc: booleanOf(options, OPTION.icc, true),
    masquerade: booleanOf(options, OPTION.masquerade, true),
    hostBinding,
    interfacePrefix: options[OPTION.interfacePrefix] ?? 'eth',
    mode: { 4: modeOf(options, 4), 6: modeOf(options, 6) },
    inhibit4: booleanOf(options, OPTION.inhibit4, false),
    source: { 4: sourceOf(options, 4), 6: sourceOf(options, 6) },
    trusted: (options[OPTION.trusted] ?? '').split(':').filter((one) => /^[^\s/"]{1,15}$/.test(one)),
  };
}

/** Throws forbidden for an isolated gateway on a network that leads out. */
export function checkModes({ mode }: BridgeOptions, internal: boolean): void {
  if (!internal && (mode[4] === 'isolated' || mode[6] === 'isolated'))
    throw invalid("gateway mode 'isolated' can only be used for an internal network");
}

export const MACVLAN_MODES = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;

export interface MacvlanOptions {
  readonly parent: string;
  readonly mode: keyof typeof MACVLAN_MODES;
  readonly mtu: number | undefined;
}

/** `linkExists` looks at the host. Throws in dockerd's words. */
export function macvlanOptions(options: Options, linkExists: (name: string) => boolean): MacvlanOptions {
  const mode = options['macvlan_mode'] ?? 'bridge';
  if (!Object.hasOwn(MACVLAN_MODES, mode))
    throw invalid(`requested macvlan mode '${mode}' is not valid, 'bridge' mode is the macvlan driver default`);
  const parent = options['parent'] ?? '';
  if (parent === 'lo') throw forbidden('loopback interface is not a valid macvlan parent link');
  if (parent !== '' && !linkExists(parent))
    throw parent.includes('.')
      ? invalid(`link ${parent} does not exist: make it first, Berth makes no VLAN links`)
      : invalid(`invalid subinterface vlan name ${parent}, example formatting is eth0.10`);
  return { parent, mode: mode as keyof typeof MACVLAN_MODES, mtu: mtuOption(options) };
}

/** What `com.docker.network.enable_ipv6` and its IPv4 sister say; undefined when they say nothing. */
export function enabledBy(options: Options, family: Family): boolean | undefined {
  const key = OPTION.enable[family];
  return options[key] === undefined ? undefined : booleanOf(options, key, false);
}

/** undefined: that of the way out. */
export function mtuOption(options: Options): number | undefined {
  const mtu = options[OPTION.mtu];
  if (mtu !== undefined && !/^[+-]?\d+$/.test(mtu)) throw unreadable(OPTION.mtu, mtu, goParse('Atoi', mtu));
  if (mtu !== undefined && Number(mtu) < 0) throw invalid(`invalid MTU number: ${Number(mtu)}`);
  return mtu === undefined || Number(mtu) === 0 ? undefined : Number(mtu);
}

function modeOf(options: Options, family: Family): GatewayMode {
  const key = OPTION.gatewayMode[family];
  const mode = options[key] ?? 'nat';
  if (!MODES.includes(mode)) throw unreadable(key, mode, `unknown gateway mode ${mode}`);
  return mode as GatewayMode;
}

function sourceOf(options: Options, family: Family): string | undefined {
  const key = OPTION.source[family];
  const text = options[key];
  if (text !== undefined && !(family === 4 ? isIPv4(text) : isIPv6(text))) throw unreadable(key, text, 'nil ip');
  return text;
}

function booleanOf(options: Options, key: string, unsaid: boolean): boolean {
  const text = options[key];
  if (text === undefined) return unsaid;
  const read = parseBool(text);
  if (read === undefined) throw unreadable(key, text, goParse('ParseBool', text));
  return read;
}

const goParse = (call: string, text: string): string =>
  `strconv.${call}: parsing ${JSON.stringify(text)}: invalid syntax`;

function unreadable(key: string, text: string, why: string): Error {
  return invalid(`failed to parse ${key} value: ${text} (${why})`);
}

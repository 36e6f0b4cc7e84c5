// The bridge driver's options, read and checked. Pure.
import { isIPv4 } from 'node:net';
import { invalid } from '../base/errors.ts';

export const OPTION = {
  mtu: 'com.docker.network.driver.mtu',
  bridge: 'com.docker.network.bridge.name',
  icc: 'com.docker.network.bridge.enable_icc',
  masquerade: 'com.docker.network.bridge.enable_ip_masquerade',
  hostBinding: 'com.docker.network.bridge.host_binding_ipv4',
  interfacePrefix: 'com.docker.network.container_iface_prefix',
  defaultBridge: 'com.docker.network.bridge.default_bridge',
} as const;

/** Reserved addresses that are the way out of a network's containers, as dockerd names them. */
export const DEFAULT_GATEWAY = { 4: 'DefaultGatewayIPv4', 6: 'DefaultGatewayIPv6' } as const;

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
}

/** Throws invalid in dockerd's words. */
export function bridgeOptions(options: Readonly<Record<string, string>>): BridgeOptions {
  const mtu = options[OPTION.mtu];
  if (mtu !== undefined && !/^[+-]?\d+$/.test(mtu)) throw unreadable(OPTION.mtu, mtu, goParse('Atoi', mtu));
  if (mtu !== undefined && Number(mtu) < 0) throw invalid(`invalid MTU number: ${Number(mtu)}`);
  const name = options[OPTION.bridge];
  if (name !== undefined && (name.length > 15 || /[\s/]/.test(name)))
    throw invalid(`invalid bridge name ${JSON.stringify(name)}: at most 15 characters, no blank and no slash`);
  const hostBinding = options[OPTION.hostBinding];
  if (hostBinding !== undefined && !isIPv4(hostBinding)) throw unreadable(OPTION.hostBinding, hostBinding, 'nil ip');
  return {
    mtu: mtu === undefined || Number(mtu) === 0 ? undefined : Number(mtu),
    name: name === '' ? undefined : name,
    icc: booleanOf(options, OPTION.icc),
    masquerade: booleanOf(options, OPTION.masquerade),
    hostBinding,
    interfacePrefix: options[OPTION.interfacePrefix] ?? 'eth',
  };
}

/** True when nothing is said. */
function booleanOf(options: Readonly<Record<string, string>>, key: string): boolean {
  const text = options[key];
  if (text === undefined || ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  throw unreadable(key, text, goParse('ParseBool', text));
}

const goParse = (call: string, text: string): string =>
  `strconv.${call}: parsing ${JSON.stringify(text)}: invalid syntax`;

function unreadable(key: string, text: string, why: string): Error {
  return invalid(`failed to parse ${key} value: ${text} (${why})`);
}

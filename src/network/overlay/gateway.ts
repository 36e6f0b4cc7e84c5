// The bridge by which containers of overlay networks get out and are published on their host: Docker's name, and its settings. Pure.
import type { EndpointSettings, NetworkCreateBody } from '../../spec/docker/index.ts';
import { decode, endpointSettings } from '../../spec/docker/schemas/index.ts';
import { OPTION } from '../model/options.ts';
import type { NetworkRecord } from '../model/record.ts';
import { GATEWAY_BRIDGE } from '../model/traits.ts';

const OPTIONS = { [OPTION.icc]: 'false', [OPTION.masquerade]: 'true' };

export const gatewayBridgeBody: NetworkCreateBody = {
  Name: GATEWAY_BRIDGE,
  Driver: 'bridge',
  Scope: '',
  Internal: false,
  Attachable: false,
  Ingress: false,
  ConfigOnly: false,
  ConfigFrom: null,
  IPAM: null,
  EnableIPv4: null,
  EnableIPv6: null,
  Options: OPTIONS,
  Labels: null,
};

/** A person may have made one with settings of their own: it is used and left. */
export function isOwnGatewayBridge({ name, options }: NetworkRecord): boolean {
  return name === GATEWAY_BRIDGE && JSON.stringify(options) === JSON.stringify(OPTIONS);
}

/** On an overlay network that leads out, and nowhere else that does: then also on the bridge that does. */
export function withGateway(
  wanted: readonly [string, EndpointSettings][],
  catalog: { find(reference: string): NetworkRecord | undefined },
): readonly [string, EndpointSettings][] {
  const networks = wanted.flatMap(([key]) => catalog.find(key) ?? []);
  const isOn = (test: (network: NetworkRecord) => boolean): boolean => networks.some(test);
  if (!isOn(({ driver, internal }) => driver === 'overlay' && !internal)) return wanted;
  if (isOn(({ driver, internal }) => driver !== 'overlay' && !internal)) return wanted;
  return catalog.find(GATEWAY_BRIDGE) ? [...wanted, [GATEWAY_BRIDGE, decode(endpointSettings, {})]] : wanted;
}

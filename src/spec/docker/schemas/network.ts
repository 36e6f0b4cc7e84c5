// The bodies of network calls, field by field.
import type { Ipam, IpamConfig, NetworkConnectBody, NetworkCreateBody, NetworkDisconnectBody } from '../network.ts';
import { endpointSettings } from './container.ts';
import { flag, list, map, omit, pointer, struct, text } from './decode.ts';

const ipam = struct<Ipam>('network.IPAM', {
  Driver: text(),
  Options: map(text()),
  Config: list(
    struct<IpamConfig>('network.IPAMConfig', {
      Subnet: omit(text()),
      IPRange: omit(text()),
      Gateway: omit(text()),
      AuxiliaryAddresses: omit(map(text())),
    }),
  ),
});

export const networkCreate = struct<NetworkCreateBody>('network.CreateRequest', {
  Name: text(),
  Driver: text(),
  Scope: text(),
  Internal: flag,
  Attachable: flag,
  Ingress: flag,
  ConfigOnly: flag,
  ConfigFrom: pointer(struct<{ Network: string }>('network.ConfigReference', { Network: text() })),
  IPAM: pointer(ipam),
  EnableIPv4: pointer(flag),
  EnableIPv6: pointer(flag),
  Options: map(text()),
  Labels: map(text()),
});

export const networkConnect = struct<NetworkConnectBody>('network.ConnectOptions', {
  Container: text(),
  EndpointConfig: pointer(endpointSettings),
});

export const networkDisconnect = struct<NetworkDisconnectBody>('network.DisconnectOptions', {
  Container: text(),
  Force: flag,
});

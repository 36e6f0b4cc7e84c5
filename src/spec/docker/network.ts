// The wire shapes of networks.
import type { EndpointSettings, Nullable } from './container.ts';

export interface IpamConfig {
  Subnet?: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
}

export interface Ipam {
  Driver: string;
  Options: Nullable<Record<string, string>>;
  Config: Nullable<IpamConfig[]>;
}

/** The body of POST /networks/create, complete. */
export interface NetworkCreateBody {
  Name: string;
  Driver: string;
  Scope: string;
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  ConfigOnly: boolean;
  ConfigFrom: Nullable<{ Network: string }>;
  IPAM: Nullable<Ipam>;
  /** null when not said. */
  EnableIPv4: Nullable<boolean>;
  EnableIPv6: Nullable<boolean>;
  Options: Nullable<Record<string, string>>;
  Labels: Nullable<Record<string, string>>;
}

export interface NetworkCreateResponse {
  Id: string;
  Warning: string;
}

export interface EndpointResource {
  Name: string;
  EndpointID: string;
  MacAddress: string;
  /** With its prefix length: `172.18.0.2/16`. */
  IPv4Address: string;
  IPv6Address: string;
}

export interface Network {
  Name: string;
  Id: string;
  Created: string;
  Scope: 'local' | 'swarm';
  Driver: string;
  EnableIPv4: boolean;
  EnableIPv6: boolean;
  IPAM: Ipam;
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  ConfigFrom: { Network: string };
  ConfigOnly: boolean;
  Containers: Record<string, EndpointResource>;
  Options: Record<string, string>;
  Labels: Record<string, string>;
  /** Of a network of several hosts. */
  Peers?: { Name: string; IP: string }[];
}

export interface NetworkConnectBody {
  Container: string;
  EndpointConfig: Nullable<EndpointSettings>;
}

export interface NetworkDisconnectBody {
  Container: string;
  Force: boolean;
}

export interface NetworkPruneResponse {
  NetworksDeleted: Nullable<string[]>;
}

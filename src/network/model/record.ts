// What the daemon remembers of a network; bridges, addresses and rules are derived from it and observed.
import type { IpamConfig } from '../../spec/docker/index.ts';

export interface NetworkRecord {
  readonly id: string;
  readonly name: string;
  /** `bridge`, `macvlan`, `overlay`, `host` or `null`. */
  readonly driver: string;
  /** RFC 3339 with nanoseconds. */
  readonly created: string;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly ipamDriver: string;
  readonly ipamOptions: Record<string, string> | null;
  /** Subnets as inspect shows them, the chosen ones included; null where a driver has none. */
  readonly ipam: readonly IpamConfig[] | null;
  /** The blocks that a person gave, which alone may be asked for addresses. */
  readonly givenSubnets: readonly string[];
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly ingress: boolean;
  readonly configOnly: boolean;
  /** The network that lent its settings; empty for none. */
  readonly configFrom: string;
  readonly options: Record<string, string>;
  readonly labels: Record<string, string>;
  /** The bridge's name on the host; empty for other drivers. */
  readonly bridge: string;
  /** The bridge was there before, made by somebody else: it is used and left. */
  readonly foreignBridge: boolean;
  /** Of a network of several hosts, while this one is on it. */
  readonly overlay?: OverlayLinks;
}

/** How this host is joined to the others of an overlay network. */
export interface OverlayLinks {
  /** VXLAN network identifier. */
  readonly vni: number;
  /** UDP port of VXLAN. */
  readonly port: number;
  readonly mtu: number;
  readonly mac: string;
  /** The host's own, `10.0.0.2/24`: on the ingress network alone. */
  readonly address?: string;
}

export const PREDEFINED = ['bridge', 'host', 'none'] as const;

export function isPredefined(record: NetworkRecord): boolean {
  return (PREDEFINED as readonly string[]).includes(record.name);
}

/** Refuses what is no network record, so that one bad row does not stop the daemon. */
export function acceptRecord(value: unknown, key: string): NetworkRecord | undefined {
  const record = value as Partial<NetworkRecord>;
  const whole =
    record.id === key &&
    typeof record.name === 'string' &&
    typeof record.driver === 'string' &&
    typeof record.bridge === 'string' &&
    typeof record.options === 'object' &&
    typeof record.labels === 'object' &&
    (record.ipam === null || Array.isArray(record.ipam));
  return whole ? (value as NetworkRecord) : undefined;
}

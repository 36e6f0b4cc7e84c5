// Networks of the cluster as the store keeps them, and who has which address on them.
import type { Labels, Meta } from './objects.ts';

export interface NetworkSpec {
  readonly Name: string;
  readonly Labels: Labels;
  readonly Internal: boolean;
  /** Containers of `docker run` may join. */
  readonly Attachable: boolean;
  /** Published ports of services lead over it. */
  readonly Ingress: boolean;
  readonly Options: Labels;
}

export interface NetworkSubnet {
  /** `10.0.1.0/24` */
  readonly Subnet: string;
  /** Kept free: containers have no way out over it. */
  readonly Gateway: string;
}

export interface ClusterNetwork extends Meta {
  readonly Spec: NetworkSpec;
  /** VXLAN network identifier: no two networks have one, and one that was had is not given again soon. */
  readonly Vni: number;
  /** IPv4 first; of several of a family whoever comes has an address in one. */
  readonly Subnets: readonly NetworkSubnet[];
  /** It was asked for by a person, not chosen from the pools. */
  readonly Given: boolean;
}

/** Addresses of one task, service or container on one network, with their prefix: `10.0.1.5/24`. */
export interface NetworkAddress {
  readonly NetworkID: string;
  readonly Addr: string;
  /** Where the network has IPv6. */
  readonly Addr6?: string;
}

/** Of both families, IPv4 first. */
export function addressesIn({ Addr, Addr6 }: Pick<NetworkAddress, 'Addr' | 'Addr6'>): string[] {
  return Addr6 === undefined ? [Addr] : [Addr, Addr6];
}

/** Without its prefix. */
export function bare(address: string): string {
  return address.split('/')[0] ?? '';
}

/** A container of `docker run` on a network of the cluster. */
export interface Attachment extends Meta, NetworkAddress {
  readonly NodeID: string;
  readonly ContainerID: string;
  readonly Name: string;
  readonly Aliases: readonly string[];
}

/** What was given last, so that it is given again as late as can be. */
export interface Allocation {
  readonly vni: number;
}

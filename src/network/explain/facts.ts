// What the walk along a connection knows of its two ends.
import type { Published } from '../publish/publish.ts';
import type { Listener } from './sockets.ts';
import type { Table } from '../firewall/ruleset.ts';

/** A container on one network. */
export interface Place {
  readonly network: string;
  /** Empty for a network without one. */
  readonly bridge: string;
  /** Of a macvlan network: the link of the host that its containers are on, and how they are there. */
  readonly wire?: { readonly parent: string; readonly mode: string };
  readonly internal: boolean;
  /** Containers on it reach each other. */
  readonly icc: boolean;
  readonly addresses: readonly string[];
  readonly names: readonly string[];
}

export interface Peer {
  readonly id: string;
  /** Whose network it has: that of the container that it joined. */
  readonly ownerId?: string;
  readonly name: string;
  /** `running`, `exited`, … */
  readonly phase: string;
  readonly exitCode: number;
  /** Shares the host's network. */
  readonly onHost: boolean;
  /** Has no network at all. */
  readonly alone: boolean;
  readonly places: readonly Place[];
  readonly published: readonly Published[];
  readonly listeners: readonly Listener[];
}

/** Where a question starts: a container, this machine, or another machine. */
export type Origin = { readonly kind: 'container'; readonly peer: Peer } | { readonly kind: 'host' | 'outside' };

/** What is asked for where that is no container. */
export type Elsewhere =
  | {
      readonly kind: 'host';
      /** The one that was named; undefined for any of the host's. */
      readonly address: string | undefined;
      /** Containers that run. */
      readonly peers: readonly Peer[];
      /** Of the host's own programs. */
      readonly listeners: readonly Listener[];
    }
  | {
      readonly kind: 'address';
      readonly family: 4 | 6;
      /** The asker's network that the address is of. */
      readonly near: Place | undefined;
      /** The asker's default route. */
      readonly way: { readonly place: Place; readonly gateway: string } | undefined;
    };

export interface Question {
  readonly origin: Origin;
  /** As it was asked: a name, an alias, an address. */
  readonly to: string;
  /** The container that is meant; undefined when there is none. */
  readonly target: Peer | undefined;
  readonly elsewhere?: Elsewhere | undefined;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
}

export interface HostFacts {
  /** Rules of others than this daemon. */
  readonly rules: readonly Table[];
  /** The link of the default route. */
  readonly uplink: string | undefined;
  /** Published ports are held against the host's input rules. */
  readonly respectsFirewall: boolean;
  /** Packets between ports of a bridge pass through the host's filters (br_netfilter). */
  readonly bridgedFiltered?: boolean;
}

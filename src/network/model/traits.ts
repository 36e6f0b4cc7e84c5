// What the networks of a driver are like: asked wherever code would ask for a driver's name. Pure.
import type { NetworkRecord } from './record.ts';

export interface Traits {
  /** Its containers have interfaces and addresses. */
  readonly hasLinks: boolean;
  /** Its containers are joined by a bridge of this host. */
  readonly hasBridge: boolean;
  /** The host is on the network: containers get out over it, and published ports lead in. */
  readonly hasHost: boolean;
  /** Its gateway is somebody who leads out of it. */
  readonly leadsOut: boolean;
  /** The option that names the wire which several of its networks may share. */
  readonly wire?: string;
}

const NOTHING: Traits = { hasLinks: false, hasBridge: false, hasHost: false, leadsOut: false };

const TRAITS: Readonly<Record<string, Traits>> = {
  bridge: { hasLinks: true, hasBridge: true, hasHost: true, leadsOut: true },
  macvlan: { hasLinks: true, hasBridge: false, hasHost: false, leadsOut: true, wire: 'parent' },
  // its subnet is the cluster's, and may be one that the host has elsewhere: no address of it is the host's
  overlay: { hasLinks: true, hasBridge: true, hasHost: false, leadsOut: false },
};

type Driven = Pick<NetworkRecord, 'driver'>;

function traitsOf({ driver }: Driven): Traits {
  return TRAITS[driver] ?? NOTHING;
}

export function hasLinks(network: Driven): boolean {
  return traitsOf(network).hasLinks;
}

export function hasBridge(network: Driven): boolean {
  return traitsOf(network).hasBridge;
}

export function hasHost(network: Driven): boolean {
  return traitsOf(network).hasHost;
}

export function leadsOut(network: Driven): boolean {
  return traitsOf(network).leadsOut;
}

/** Docker's name for the bridge by which containers of overlay networks get out. */
export const GATEWAY_BRIDGE = 'docker_gwbridge';

/** Nobody is named on it, and it is not what a container's own name stands for. */
export function isGatewayBridge({ name }: Pick<NetworkRecord, 'name'>): boolean {
  return name === GATEWAY_BRIDGE;
}

/** Networks over one link of the host are one wire, whatever their addresses. */
export function sharesWire(a: NetworkRecord, b: NetworkRecord): boolean {
  if (a.id === b.id) return true;
  const { wire } = traitsOf(a);
  if (wire === undefined || a.driver !== b.driver) return false;
  return (a.options[wire] ?? '') !== '' && a.options[wire] === b.options[wire];
}

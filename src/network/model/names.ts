// Every name that a daemon gives on the host, derived from its instance, so that daemons side by side never meet. Pure.

export interface HostNames {
  /** The default network's bridge. */
  readonly defaultBridge: string;
  /** Start of the host's ends of all veth pairs. */
  readonly vethPrefix: string;
  /** Tables of nftables. */
  readonly table: string;
  /** Note that the kernel keeps with the bridges of this daemon. */
  readonly mark: string;
}

/** `instance` is at least eight hex digits. */
export function hostNames(instance: string): HostNames {
  return {
    defaultBridge: `berth0-${instance.slice(0, 4)}`,
    vethPrefix: `bv${instance.slice(0, 5)}`,
    table: `berth_${instance}`,
    mark: `berth ${instance}`,
  };
}

/** Bridge of a network that a user made; the kernel takes 15 characters. */
export function bridgeName(networkId: string): string {
  return `br-${networkId.slice(0, 12)}`;
}

export function vethName(names: HostNames, endpointId: string): string {
  return `${names.vethPrefix}${endpointId.slice(0, 8)}`;
}

/** What joins a network's bridge to other hosts. */
export function vxlanName(networkId: string): string {
  return `vx-${networkId.slice(0, 12)}`;
}

/** Hardware address of a network's bridge: of a local administrator, and always the same. */
export function bridgeMac(networkId: string): string {
  return `02:${(networkId.slice(0, 10).match(/../g) ?? []).join(':')}`;
}

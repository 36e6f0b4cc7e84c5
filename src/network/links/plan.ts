// What to do to the host's links so that they are as they should be: pure, desired against observed, adds before deletes.

export interface DesiredBridge {
  readonly name: string;
  readonly mtu: number | undefined;
  /** Always the same, so that containers find a bridge again that was made anew, and no port changes it. */
  readonly mac: string;
  /** `172.18.0.1/16` */
  readonly addresses: readonly string[];
  /** Somebody else's: it gets what it lacks, and is never deleted. */
  readonly foreign: boolean;
}

/** What joins a bridge to other hosts. */
export interface DesiredVxlan {
  readonly name: string;
  readonly bridge: string;
  readonly vni: number;
  readonly port: number;
  readonly mtu: number;
}

export interface Desired {
  readonly mark: string;
  readonly vethPrefix: string;
  readonly bridges: readonly DesiredBridge[];
  readonly vxlans?: readonly DesiredVxlan[];
  /** The host's end of each endpoint, and the bridge that it belongs to. */
  readonly veths: readonly { readonly name: string; readonly bridge: string; readonly isolated: boolean }[];
}

export interface Observed {
  readonly links: readonly {
    readonly index: number;
    readonly name: string;
    readonly up: boolean;
    readonly mtu: number;
    readonly master: number;
    readonly kind: string;
    readonly alias: string;
  }[];
  readonly addresses: readonly { readonly link: number; readonly address: string }[];
}

export interface Ops {
  addBridge: { readonly name: string; readonly mtu: number | undefined; readonly mac: string };
  addVxlan: { readonly name: string; readonly vni: number; readonly port: number; readonly mtu: number };
  mark: { readonly name: string };
  raise: { readonly name: string };
  addAddress: { readonly name: string; readonly address: string };
  join: { readonly name: string; readonly bridge: string; readonly isolated: boolean };
  /** As `join`, for a link that leads elsewhere by entries alone. */
  joinByEntries: { readonly name: string; readonly bridge: string };
  /** The pair made again, its far end where the container is. */
  attach: { readonly name: string };
  remove: { readonly name: string };
}
export type OpKind = keyof Ops;
export type Op<K extends OpKind = OpKind> = { [P in K]: { readonly kind: P } & Ops[P] }[K];

export interface Step {
  readonly op: Op;
  readonly cause: string;
}

export function planLinks(desired: Desired, observed: Observed): Step[] {
  const byName = new Map(observed.links.map((link) => [link.name, link]));
  const addresses = new Set(observed.addresses.map(({ link, address }) => `${link} ${address}`));
  const steps: Step[] = [];
  const add = (op: Op, cause: string): void => void steps.push({ op, cause });
  for (const bridge of desired.bridges) {
    const { name } = bridge;
    const link = byName.get(name);
    if (!link) {
      add({ kind: 'addBridge', name, mtu: bridge.mtu, mac: bridge.mac }, 'the network has no bridge');
      add({ kind: 'mark', name }, 'a bridge of this daemon');
    } else if (!bridge.foreign && link.alias !== desired.mark) add({ kind: 'mark', name }, 'the bridge has no mark');
    for (const address of bridge.addresses)
      if (!link || !addresses.has(`${link.index} ${address}`))
        add({ kind: 'addAddress', name, address }, 'the gateway is missing');
    if (link?.up !== true) add({ kind: 'raise', name }, 'the bridge is down');
  }
  for (const { name, bridge, vni, port, mtu } of desired.vxlans ?? []) {
    const link = byName.get(name);
    if (!link) {
      add({ kind: 'addVxlan', name, vni, port, mtu }, 'nothing joins the bridge to other hosts');
      add({ kind: 'mark', name }, 'a link of this daemon');
    }
    const master = byName.get(bridge)?.index;
    if (!link || master === undefined || link.master !== master)
      add({ kind: 'joinByEntries', name, bridge }, 'it is off its bridge');
    else if (!link.up) add({ kind: 'raise', name }, 'it is down');
  }
  for (const { name, bridge, isolated } of desired.veths) {
    const link = byName.get(name);
    const master = byName.get(bridge)?.index;
    if (link && (master === undefined || link.master !== master))
      add({ kind: 'join', name, bridge, isolated }, 'the container is off its bridge');
    else if (link?.up === false) add({ kind: 'raise', name }, "the host's end of the container's pair is down");
    if (!link) add({ kind: 'attach', name }, 'the container has lost its interface');
  }
  const wanted = new Set([...desired.bridges, ...(desired.vxlans ?? []), ...desired.veths].map(({ name }) => name));
  for (const link of observed.links) {
    const ours =
      (link.kind === 'veth' && link.name.startsWith(desired.vethPrefix)) ||
      ((link.kind === 'bridge' || link.kind === 'vxlan') && link.alias === desired.mark);
    if (ours && !wanted.has(link.name)) add({ kind: 'remove', name: link.name }, 'nothing uses it');
  }
  return steps;
}

/** One line a step, for the log and for tests. */
export function planText(steps: readonly Step[]): string {
  return steps
    .map(({ op: { kind, ...details }, cause }) => `${kind} ${Object.values(details).join(' ')}  # ${cause}`)
    .join('\n');
}

// Brings the host's links and rules to what the networks and their members ask for: observe, plan, apply; twice is once.
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { changeForeignChain, foreignChains } from '../../host/forward-filter.ts';
import { applyNft } from '../../host/nft.ts';
import { SetChanger } from '../../host/netlink/index.ts';
import { type AcceptBridge, acceptText, planAccepts } from '../firewall/accept.ts';
import { addressText, blockText, overlaps } from '../../base/address.ts';
import { type Endpoint, subnetsOf } from '../endpoints/endpoint.ts';
import {
  type BridgeRules,
  type CarriedBridge,
  carryText,
  elementsOfBridge,
  elementsOfPorts,
  firewallText,
  type PublishRule,
} from '../firewall/firewall.ts';
import {
  addLinks,
  applyLinks,
  bridgedPacketsAreFiltered,
  linkExists,
  linkNames,
  namesOfLinks,
  observeLinks,
} from '../links/links.ts';
import { bridgeMac, type HostNames, vethName, vxlanName } from '../model/names.ts';
import { bridgeOptions } from '../model/options.ts';
import { type Desired, planLinks, planText, type Step } from '../links/plan.ts';
import { isPredefined, type NetworkRecord } from '../model/record.ts';
import { hasBridge, hasHost } from '../model/traits.ts';
import type { ForwardGuard } from '../firewall/forward-guard.ts';
import type { InputGuard } from '../firewall/input-guard.ts';
import { MarkedApplier } from '../firewall/marked-applier.ts';
import { Rules } from '../firewall/rules.ts';
import { type Touched, Watch } from './watch.ts';

/** Milliseconds after which pairs that are gone are no longer named to the kernel. */
const LATER_MS = 40;

export interface ReconcileInput {
  readonly names: HostNames;
  readonly log: Log;
  readonly networks: () => readonly NetworkRecord[];
  readonly live: () => readonly { readonly endpoints: readonly Endpoint[]; readonly namespace: string | undefined }[];
  /** Ports of one container. */
  readonly published: (containerId: string) => readonly PublishRule[];
  readonly mtuOf: (network: NetworkRecord) => number;
  /** What makes the pair of this host's end again; undefined where its container is gone. */
  /** Links of these names were made again by others' doing. */
  readonly relinked: (names: ReadonlySet<string>) => void;
  /** Rules of others have changed. */
  readonly othersChanged: () => void;
  readonly recreateVeth: (hostLink: string) => (() => void) | undefined;
  /** Where the kernel's forwarding may be turned on. */
  readonly forwarding: ForwardGuard | undefined;
  /** Where published ports are to obey the host's input rules. */
  readonly guard: InputGuard | undefined;
}

export class Reconciler {
  readonly #input: ReconcileInput;
  readonly #sets = new SetChanger();
  readonly #rules: Rules;
  readonly #carry: MarkedApplier;
  #watch: Watch | undefined;
  #accepting: Promise<void> = Promise.resolve();
  #othersDrop = false;
  #later: NodeJS.Timeout | undefined;
  /** Bridges that are being taken away. */
  readonly #going = new Map<string, Promise<void>>();

  constructor(input: ReconcileInput) {
    this.#input = input;
    const { table } = input.names;
    this.#rules = new Rules({
      text: (elements, mark) => firewallText(table, elements, mark),
      notify: applyNft,
      change: (remove, add) => this.#sets.change(table, remove, add),
    });
    this.#carry = new MarkedApplier(
      'netdev',
      table,
      () => this.#carryText(),
      (text) => this.#applyCarry(text),
    );
  }

  /** Everything, whatever was there before: what is lacking is added, what nothing uses goes. */
  async settle(): Promise<void> {
    const { names, log } = this.#input;
    const { steps, plugs } = this.#feasible(planLinks(this.#desired(), observeLinks()));
    if (steps.length > 0) log.debug(`links:\n${planText(steps)}`);
    const done = applyLinks(steps, names.mark);
    this.#attach(plugs);
    for (const network of this.#bridges()) {
      this.#rules.want(network.id, elementsOfBridge(this.#rulesOf(network)));
    }
    this.#rules.forget();
    this.#carry.forget();
    await this.#input.guard?.bring();
    await this.#input.forwarding?.adopt();
    await this.#forward(this.#bridges());
    await Promise.all([done, this.#rules.bring(), this.#carry.bring()]);
    // another daemon that ended meanwhile did not see this one's table yet
    await this.#forward(this.#bridges());
  }

  /** A network is there now. */
  async came(network: NetworkRecord): Promise<void> {
    if (!isBridge(network)) return;
    this.bridge(network);
    this.#rules.want(network.id, elementsOfBridge(this.#rulesOf(network)));
    await Promise.all([this.#rules.bring(), this.#acceptsChanged(), this.#forward([network])]);
  }

  /** A network is no longer there. */
  async went(network: NetworkRecord): Promise<void> {
    if (!isBridge(network)) return;
    const { names, log } = this.#input;
    const steps = planLinks(this.#desired(new Set()), observeLinks([network.bridge]));
    if (steps.length > 0) log.debug(`links:\n${planText(steps)}`);
    const gone = applyLinks(steps, names.mark).finally(() => this.#going.delete(network.bridge));
    this.#going.set(network.bridge, gone);
    this.#rules.want(network.id, []);
    const all = await Promise.allSettled([gone, this.#rules.bring(), this.#acceptsChanged()]);
    for (const one of all) if (one.status === 'rejected') throw one.reason;
  }

  /** This host is on the network no more: what joined it to others goes. */
  async leftOverlay({ id, bridge }: NetworkRecord): Promise<void> {
    const { names } = this.#input;
    const only = new Set([bridge, vxlanName(id)]);
    await applyLinks(planLinks(this.#desired(new Set()), observeLinks(only)), names.mark);
    await this.#acceptsChanged();
  }

  /** Resolves when no bridge of this name is on its way out. */
  async free(bridge: string): Promise<void> {
    await this.#going.get(bridge)?.catch(() => undefined);
  }

  /** The network's bridge, at once: short calls of the kernel. */
  bridge(network: NetworkRecord): void {
    const { names, log } = this.#input;
    const only = new Set([network.bridge, vxlanName(network.id)]);
    const steps = planLinks(this.#desired(only), observeLinks(only));
    if (steps.length === 0) return;
    log.debug(`links:\n${planText(steps)}`);
    addLinks(steps, names.mark);
    if (isBridge(network)) void this.#forward([network]);
  }

  /** A container is on its networks with its ports, or on others than before. */
  async changed(containerId: string): Promise<void> {
    this.#wantPorts(containerId);
    await this.#input.guard?.bring();
    await Promise.all([this.#rules.bring(), this.#carry.bring()]);
  }

  /** Ports of one container are another's now: both are told in one transaction. */
  async moved(from: string, to: string): Promise<void> {
    this.#wantPorts(from);
    await this.changed(to);
  }

  /** A container is on no network any more: only its published ports have to be gone at once. */
  async ended(containerId: string): Promise<void> {
    this.#wantPorts(containerId);
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      void this.#carry.bring().catch(() => undefined);
    }, LATER_MS).unref();
    await this.#rules.bring();
  }

  /** A container that was there before the daemon; `settle` comes later. */
  restored(containerId: string): void {
    this.#wantPorts(containerId);
  }

  /** Nothing more is told. */
  async close(): Promise<void> {
    clearTimeout(this.#later);
    this.#watch?.[Symbol.dispose]();
    await Promise.allSettled(this.#going.values());
    this.#sets[Symbol.dispose]();
  }

  /** Other programs' forward chains accept what concerns these bridges where their policy would drop it, and nothing where not. */
  accepts(): Promise<void> {
    this.#accepting = this.#accepting
      .then(() => bringAccepts(this.#input.names.table, this.#entered().map(acceptOf), this.#input.log))
      .then((drops) => void (this.#othersDrop = drops))
      .catch((error: unknown) => this.#input.log.warn(`forward chains of others: ${messageOf(error)}`));
    return this.#accepting;
  }

  /** After a network came or went; costs nothing where nobody drops. */
  #acceptsChanged(): Promise<void> {
    return this.#othersDrop ? this.accepts() : Promise.resolve();
  }

  /** From now on what others change of links and rules is put right. */
  watch(): void {
    const { names, log } = this.#input;
    this.#watch = new Watch({
      table: names.table,
      port: this.#sets.port,
      everyChange: this.#input.guard !== undefined,
      onLinks: (touched) => {
        try {
          this.#repairLinks(touched);
        } catch (error) {
          log.warn(`links cannot be put right: ${messageOf(error)}`);
        }
      },
      onRules: (own) => {
        if (this.#rules.busy || this.#carry.busy) return false;
        const damaged = (family: string, mark: string | undefined): boolean =>
          own === 'lost' || (own.has(family) && own.get(family) !== mark);
        const notified = [
          ...(damaged('inet', this.#rules.mark) ? [this.#rules] : []),
          ...(damaged('netdev', this.#carry.mark) ? [this.#carry] : []),
        ];
        this.#input.forwarding?.repair();
        if (notified.length === 0) return true;
        log.warn(`table ${names.table} was changed by another program: it is put back`);
        for (const applier of notified) {
          applier.forget();
          void applier.bring().catch((error: unknown) => log.warn(`rules cannot be put back: ${messageOf(error)}`));
        }
        return true;
      },
      onOthers: () => {
        this.#input.othersChanged();
        void this.accepts();
        this.#input.forwarding?.repair();
        this.#input.guard?.bring().catch((error: unknown) => log.warn(`input rules: ${messageOf(error)}`));
      },
    });
  }

  /** What is lacking is added; what goes is left to the verb that takes it away. Only what was touched is looked at. */
  #repairLinks(touched: Touched | 'any'): void {
    const { names, log } = this.#input;
    const which = touched === 'any' ? undefined : this.#ownOf(touched);
    if (which?.size === 0) return;
    const desired = this.#desired(which);
    const { veths, vxlans = [] } = desired;
    const look = which && [...which, ...[...veths, ...vxlans].map(({ bridge }) => bridge)];
    const plan = planLinks(desired, observeLinks(look && new Set(look)));
    const { steps, plugs } = this.#feasible(plan.filter(({ op }) => op.kind !== 'remove'));
    if (steps.length === 0) return;
    log.warn(`links were changed by another program, and are put right:\n${planText(steps)}`);
    addLinks(steps, names.mark);
    this.#input.relinked(new Set(steps.map(({ op }) => op.name)));
    if (plugs.length === 0) return;
    this.#attach(plugs);
    // the chain that carries packets hangs on the links themselves
    this.#carry.forget();
    void this.#carry.bring().catch((error: unknown) => log.warn(`rules cannot be put back: ${messageOf(error)}`));
  }

  /** Without the pairs that went with their containers, and what makes the others. */
  #feasible(plan: readonly Step[]): { steps: Step[]; plugs: (() => void)[] } {
    const plugs: (() => void)[] = [];
    const steps = plan.filter(({ op: { kind, name } }) => {
      const attach = kind === 'attach' ? this.#input.recreateVeth(name) : undefined;
      if (attach) plugs.push(attach);
      return kind !== 'attach' || attach !== undefined;
    });
    return { steps, plugs };
  }

  #attach(plugs: readonly (() => void)[]): void {
    for (const attach of plugs) {
      try {
        attach();
      } catch (error) {
        this.#input.log.warn(`a container stays without its interface: ${messageOf(error)}`);
      }
    }
  }

  /** Of the links that were touched those that are wanted; undefined when one of ours has got another name. */
  #ownOf({ names, indexes }: Touched): Set<string> | undefined {
    const { mark } = this.#input.names;
    const { bridges, veths, vxlans = [] } = this.#desired(new Set([...names.keys(), ...namesOfLinks(indexes)]));
    const wanted = new Set([...bridges, ...veths, ...vxlans].map(({ name }) => name));
    const renamed = [...names].some(([name, alias]) => alias === mark && !wanted.has(name) && linkExists(name));
    return renamed ? undefined : wanted;
  }

  async #forward(networks: readonly NetworkRecord[]): Promise<void> {
    const { forwarding, log } = this.#input;
    if (!forwarding || networks.length === 0) return;
    const foreign = new Set(this.#bridges().flatMap((one) => (one.foreignBridge ? [one.bridge] : [])));
    try {
      await forwarding.enable(networks.some(({ ipv6 }) => ipv6) ? [4, 6] : [4], foreign);
      for (const { bridge } of networks) if (foreign.has(bridge)) await forwarding.release(bridge);
    } catch (error) {
      log.warn(`forwarding between networks: ${messageOf(error)}`);
    }
  }

  #wantPorts(containerId: string): void {
    this.#rules.want(containerId, elementsOfPorts(this.#input.published(containerId)));
  }

  /** A pair may vanish with its container between the list and the call: then the list is made again. */
  async #applyCarry(text: string): Promise<void> {
    for (let attempt = 0, now = text; ; attempt += 1) {
      try {
        await applyNft(now);
        return;
      } catch (error) {
        now = this.#carry.marked(this.#carryText());
        if (attempt < 3) continue;
        this.#input.log.warn(`packets between containers are left to the host's own filter: ${messageOf(error)}`);
        return;
      }
    }
  }

  #carryText(): string {
    const { table } = this.#input.names;
    return carryText(table, bridgedPacketsAreFiltered() ? this.#carried() : []);
  }

  /** Only pairs that are there: one vanishes with its container a little before the container is known to be gone. */
  #carried(): CarriedBridge[] {
    const { names } = this.#input;
    const talking = this.#plugged().filter(({ network }) => bridgeOptions(network.options).icc);
    const there = talking.length > 1 ? linkNames() : new Set();
    return [...Map.groupBy(talking, ({ network }) => network.id).values()].map((endpoints) => ({
      members: endpoints
        .map(({ id, addresses }) => ({
          link: vethName(names, id),
          addresses: addresses.map((one) => ({ family: one.family, address: addressText(one) })),
        }))
        .filter(({ link }) => there.has(link)),
    }));
  }

  #bridges(): NetworkRecord[] {
    return this.#input.networks().filter(isBridge);
  }

  /** And that of published ports of the cluster, where the host is as well. */
  #entered(): NetworkRecord[] {
    return this.#input.networks().filter((one) => isBridge(one) || one.overlay?.address !== undefined);
  }

  #rulesOf(network: NetworkRecord): BridgeRules {
    const { icc, masquerade, mode, source, trusted } = bridgeOptions(network.options);
    // the default network's subnet is the settings', which nobody has compared with what other networks have
    const others = isPredefined(network) ? this.#bridges().filter((one) => one !== network) : [];
    const taken = others.flatMap(subnetsOf);
    return {
      bridge: network.bridge,
      internal: network.internal,
      icc,
      masquerade,
      trusted,
      subnets: subnetsOf(network)
        .filter(({ block }) => !taken.some((other) => overlaps(block, other.block)))
        .map(({ block }) => ({
          family: block.family,
          block: blockText(block),
          mode: mode[block.family],
          source: source[block.family],
        })),
    };
  }

  #plugged(): Endpoint[] {
    return this.#input
      .live()
      .filter(({ namespace }) => namespace !== undefined)
      .flatMap(({ endpoints }) => endpoints)
      .filter(({ network }) => hasBridge(network));
  }

  /** All that there should be, or what of these names should be there. */
  #desired(only?: ReadonlySet<string>): Desired {
    const { names, mtuOf } = this.#input;
    const counts = (name: string): boolean => only === undefined || only.has(name);
    const overlays = this.#input
      .networks()
      .flatMap((network) => (network.overlay ? [{ network, overlay: network.overlay }] : []));
    return {
      mark: names.mark,
      vethPrefix: names.vethPrefix,
      bridges: [...this.#bridges(), ...overlays.map(({ network }) => network)]
        .filter(({ bridge }) => counts(bridge))
        .map((network) => ({
          name: network.bridge,
          mtu: mtuOf(network),
          mac: network.overlay?.mac ?? bridgeMac(network.id),
          foreign: network.foreignBridge,
          addresses: ownAddresses(network),
        })),
      vxlans: overlays
        .map(({ network: { id, bridge }, overlay: { vni, port, mtu } }) => ({
          name: vxlanName(id),
          bridge,
          vni,
          port,
          mtu,
        }))
        .filter(({ name }) => counts(name)),
      veths: this.#plugged()
        .map((endpoint) => ({ name: vethName(names, endpoint.id), endpoint }))
        .filter(({ name }) => counts(name))
        .map(({ name, endpoint: { network } }) => ({
          name,
          bridge: network.bridge,
          isolated: !bridgeOptions(network.options).icc,
        })),
    };
  }
}

function isBridge({ driver, configOnly }: NetworkRecord): boolean {
  return hasHost({ driver }) && !configOnly;
}

/** The bridge's own addresses: none where its gateway is somebody else, or nobody. */
function ownAddresses(network: NetworkRecord): string[] {
  if (network.overlay) return network.overlay.address === undefined ? [] : [network.overlay.address];
  const { mode, inhibit4 } = bridgeOptions(network.options);
  return subnetsOf(network)
    .filter(({ block: { family } }) => mode[family] !== 'isolated' && !(family === 4 && inhibit4))
    .map(({ block, gateway }) => `${addressText(gateway)}/${block.bits}`);
}

function acceptOf(network: NetworkRecord): AcceptBridge {
  const families = [...new Set(subnetsOf(network).map(({ block }) => block.family))];
  return { bridge: network.bridge, families, internal: network.internal };
}

/** True when somebody's policy drops. With no bridges every rule of this mark goes. */
export async function bringAccepts(mark: string, bridges: readonly AcceptBridge[], log?: Log): Promise<boolean> {
  const chains = await foreignChains(mark, mark);
  const steps = planAccepts(chains, bridges, mark);
  if (steps.length > 0) log?.info(`forward chains of others:\n${acceptText(steps)}`);
  for (const { chain, add, remove } of steps) await changeForeignChain(chain, add, remove);
  return chains.some(({ drops }) => drops);
}
